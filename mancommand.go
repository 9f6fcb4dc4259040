package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"sluice/server"
)

func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write the manual pages into a folder",
		Long: `Write a manual page for each command, and sluice.toml(5), into a folder that
there is. Packages are made with it. The pages carry the date of
SOURCE_DATE_EPOCH, or none, so that the same program writes the same pages.`,
		Example: `  sluice man /tmp/manual`,
		Args:    cobra.ExactArgs(1),
		Hidden:  true,
		RunE: func(_ *cobra.Command, args []string) error {
			date, err := manualDate(os.Getenv("SOURCE_DATE_EPOCH"))
			if err != nil {
				return err
			}
			if err := writeManual(newCommand(), args[0], date); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(args[0], "sluice.toml.5"), []byte(configManual(date)), 0o644)
		},
	}
}

// manualDate returns the time that an epoch says, the zero Time for none.
func manualDate(epoch string) (time.Time, error) {
	if epoch == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH %q is not a number of seconds since 1970", epoch)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// writeManual writes the pages of c and all commands below it. It changes their
// texts.
func writeManual(c *cobra.Command, dir string, date time.Time) error {
	for _, sub := range shownCommands(c) {
		if err := writeManual(sub, dir, date); err != nil {
			return err
		}
	}
	c.DisableAutoGenTag = true
	c.Long = marked(c.Long)
	name := strings.ReplaceAll(c.CommandPath(), " ", "-")
	header := &doc.GenManHeader{Title: strings.ToUpper(name), Section: "1", Date: &date,
		Source: "sluice " + server.Version(), Manual: "Sluice"}
	var page bytes.Buffer
	if err := doc.GenMan(c, header, &page); err != nil {
		return err
	}
	text := page.Bytes()
	if date.IsZero() {
		text = bytes.Replace(text, []byte(`"`+date.Format("Jan 2006")+`"`), []byte(`""`), 1)
	}
	return os.WriteFile(filepath.Join(dir, name+".1"), text, 0o644)
}

// marked returns a text of ours as Markdown: indented lines stay as they are
// written, and no character means anything else than itself.
func marked(text string) string {
	var b strings.Builder
	code := false
	for line := range strings.Lines(text) {
		if indented := strings.HasPrefix(line, "  "); indented != code && line != "\n" {
			b.WriteString("\n")
			code = indented
		}
		if code {
			b.WriteString("    " + line)
			continue
		}
		b.WriteString(markdownEscapes.Replace(line))
	}
	return b.String()
}

var markdownEscapes = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `_`, `\_`, "`", "\\`", `[`, `\[`, `]`, `\]`, `<`, `\<`, `>`, `\>`, `#`, `\#`)
