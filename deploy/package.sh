#!/bin/sh
# Builds dist/sluice_VERSION_ARCH.deb and .rpm; "make package" runs it. What may be
# set: VERSION, GOARCH, DIST (where to), SOURCE_DATE_EPOCH. The same commit gives
# the same bytes.
set -eu
cd "$(dirname "$0")/.."

# version turns what git says into what both package formats sort rightly:
# v1.2.3 is 1.2.3, five commits later 1.2.3+5.gSUM, v1.3.0-rc1 is 1.3.0~rc1.
version() {
	if said=$(git describe --tags --match 'v[0-9]*' 2>/dev/null); then
		echo "$said" | sed -E 's/^v//; s/-([0-9]+)-g([0-9a-f]+)$/+\1.g\2/; s/-/~/g'
	elif commits=$(git rev-list --count HEAD 2>/dev/null); then
		echo "0.0.0+$commits.g$(git rev-parse --short HEAD)"
	else
		echo 0.0.0
	fi
}

VERSION=${VERSION:-$(version)}
ARCH=${GOARCH:-$(go env GOARCH)}
unset GOARCH GOOS # from here on only where they are meant
DIST=${DIST:-dist}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
STAGE=$(mktemp -d)
trap 'rm -rf "$STAGE"' EXIT
export VERSION ARCH STAGE SOURCE_DATE_EPOCH # the last gives the files in the packages their time

# One for the package, and one that runs here and writes what is made from it.
flags="-s -w -X sluice/server.release=$VERSION"
CGO_ENABLED=0 GOOS=linux GOARCH=$ARCH go build -trimpath -ldflags "$flags" -o "$STAGE/sluice" .
here=$STAGE/sluice
if [ "linux $ARCH" != "$(go env GOHOSTOS) $(go env GOHOSTARCH)" ]; then
	here=$STAGE/here
	go build -ldflags "$flags" -o "$here" .
fi

sed 's|/usr/local/bin/sluice|/usr/bin/sluice|g' deploy/sluice.service >"$STAGE/sluice.service"
for shell in bash zsh fish; do
	"$here" completion "$shell" >"$STAGE/completion.$shell"
done
mkdir "$STAGE/man"
"$here" man "$STAGE/man"
gzip -9n "$STAGE"/man/*.[15]
gzip -9nc CHANGELOG.md >"$STAGE/changelog.gz"

mkdir -p "$DIST"
for format in deb rpm; do
	go tool -modfile=deploy/nfpm.mod nfpm package --config deploy/nfpm.yaml --packager "$format" \
		--target "$DIST/sluice_${VERSION}_$ARCH.$format"
done
