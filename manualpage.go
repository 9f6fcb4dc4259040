package main

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"time"

	"sluice/server"
)

// exampleConfig has every key. (It is a variable only because go:embed knows no
// constants; nobody changes it.)
//
//go:embed config.example.toml
var exampleConfig string

// configManual is sluice.toml(5), made from the example.
func configManual(date time.Time) string {
	day := ""
	if !date.IsZero() {
		day = date.Format("Jan 2006")
	}
	var b strings.Builder
	fmt.Fprintf(&b, `.nh
.TH "SLUICE.TOML" "5" "%s" "sluice %s" "Sluice"
.SH NAME
sluice.toml \- configuration of Sluice
.SH DESCRIPTION
A file in the format TOML. \fBsluice check\fP says everything that is wrong with it,
\fBsluice reload\fP puts it in force. This is enough:
.PP
.nf
    [[site]]
    hosts    = ["shop.example.com"]
    upstream = "127.0.0.1:8080"
.fi
.PP
Below stands every key. What is \fBbold\fP holds without being written, but for the
names of hosts, Pools and servers, which are samples; what is \fIslanted\fP has no
default, or replaces another key, or stands in a table that is optional.
.SH KEYS
`, day, roff(server.Version()))
	_, keys, _ := strings.Cut(exampleConfig, "\n\n") // what comes before is about the example
	for line := range strings.Lines(keys) {
		writeKey(&b, strings.TrimSpace(line))
	}
	b.WriteString(".SH FILES\n.TP\n" + roff(defaultConfig) + "\nwhere it is looked for without \\fB\\-\\-config\\fP\n" +
		".SH SEE ALSO\n\\fBsluice(1)\\fP, \\fBsluice\\-check(1)\\fP, \\fBsluice\\-reload(1)\\fP\n")
	return b.String()
}

// exampleLine is a line of the example: is it a sample, the table or the key with
// its value, the remark.
var exampleLine = regexp.MustCompile(`^(#?)(\[+[a-z0-9_.]+\]+|[a-z0-9_]+ = .*?)(?:\s+# (.*))?$`)

// writeKey writes what a line of the example says.
func writeKey(b *strings.Builder, line string) {
	m := exampleLine.FindStringSubmatch(line)
	switch {
	case line == "":
	case m == nil && strings.HasPrefix(line, "#  "):
		fmt.Fprintf(b, ".br\n%s\n", roff(strings.TrimLeft(line, "# ")))
	case m == nil:
		fmt.Fprintf(b, ".PP\n%s\n", roff(strings.TrimLeft(line, "# ")))
	case m[2][0] == '[':
		fmt.Fprintf(b, ".SS %s\n", roff(m[2]))
		if m[3] != "" {
			fmt.Fprintf(b, "%s\n", roff(m[3]))
		}
	default:
		font := "B"
		if m[1] == "#" {
			font = "I"
		}
		fmt.Fprintf(b, ".TP\n\\f%s%s\\fP\n%s\n", font, roff(m[2]), roff(m[3]))
	}
}

// roff returns a line of text as groff and mandoc read it.
func roff(line string) string {
	line = strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(line)
	if line == "" || line[0] == '.' || line[0] == '\'' {
		return `\&` + line
	}
	return line
}
