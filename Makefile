.DEFAULT_GOAL := help
FUZZTIME ?= 20000x
PACKAGES := ./...

help: ## show the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 10

build: ## build ./sluice, static
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o sluice .

test: ## run all tests
	go test -timeout 20m $(PACKAGES)

# The end-to-end tests have their own turn: with the race detector in the binary
# and other packages beside them, a small machine is too slow for their times.
race: ## run all tests with the race detector
	go list $(PACKAGES) | grep -v '/e2e$$' | xargs -r go test -race -timeout 30m
	go list $(PACKAGES) | grep '/e2e$$' | SLUICE_E2E_RACE=1 xargs -r go test -race -timeout 30m

lint: ## gofmt, vet, staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l . && exit 1; }
	go vet $(PACKAGES)
	GOOS=darwin go vet $(PACKAGES)
	go tool staticcheck $(PACKAGES)

fuzz: ## run each fuzz target for FUZZTIME (20000x: that many inputs)
	@set -e; for f in $$(grep -rlE '^func Fuzz' --include='*_test.go' .); do \
	  for t in $$(grep -oE '^func Fuzz[A-Za-z0-9_]+' $$f | cut -d' ' -f2); do \
	    echo "$$(dirname $$f) $$t"; \
	    go test -run '^$$' -fuzz "^$$t\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$(dirname $$f); \
	  done; done

cover: ## show test coverage by package
	go test -cover $(PACKAGES)

bench: build ## measure side by side with nginx, HAProxy and Caddy
	go run ./bench -sluice ./sluice

package: ## build dist/sluice_VERSION_ARCH.deb and .rpm
	deploy/package.sh

check: lint test race fuzz ## all that CI runs but installs

.PHONY: help build test race lint fuzz cover bench package check
