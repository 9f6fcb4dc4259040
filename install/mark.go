package install

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// A file that Install writes tells so in its last line, with a sum of what stands
// before it. So no list of what was installed has to be kept, which somebody
// could write other names into: what is ours, and whether a person has changed
// it, stands in the file itself.
const (
	markBegin = `# Written by "sluice install" (`
	markEnd   = "); it stays as it is once you change it.\n"
)

// marked finds the mark at the end of a file.
var marked = regexp.MustCompile(`(?s)^(.*\n)` + regexp.QuoteMeta(markBegin) + `([0-9a-f]{16})` + regexp.QuoteMeta(markEnd) + `$`)

// mark returns text with our mark.
func mark(text string) string {
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text + markBegin + sum(text) + markEnd
}

func sum(text string) string {
	all := sha256.Sum256([]byte(text))
	return hex.EncodeToString(all[:8])
}

// origin is whose a file is.
type origin int

const (
	foreign origin = iota // somebody else's
	changed               // ours, changed by a person
	ours
)

// originOf returns whose a file is that holds text.
func originOf(text string) origin {
	found := marked.FindStringSubmatch(text)
	switch {
	case found != nil && sum(found[1]) == found[2]:
		return ours
	case strings.Contains(text, "\n"+markBegin):
		return changed
	}
	return foreign
}
