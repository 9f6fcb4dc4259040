package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/config"
	"sluice/server"
)

func whyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "why [ID]",
		Short: "Tell why a request failed; without an ID, list the last ones",
		Long: `Tell the story of a request that failed, or that was answered by a page of ours
or the last good copy: what was tried at which Upstream, how long it took, what
went wrong and what to do about it. Without an ID the last ones are listed.

The ID stands in the answer's field Request-Id, and in the access log as "id".
Sluice remembers the last of these requests, until it is restarted.

Exit status:
  0  the story was told
  1  nothing is known of that ID, or Sluice could not be asked`,
		Example: `  sluice why
  sluice why hj6hhcqft3s2p6tcfag8
  sluice why hj6hhcqft3s2p6tcfag8 --json`,
		Args: cobra.MaximumNArgs(1),
	}
	file := configFlag(c)
	asJSON := c.Flags().Bool("json", false, "print JSON")
	c.ValidArgsFunction = completeFailures(file)
	c.RunE = func(c *cobra.Command, args []string) error {
		cfg, err := loadAsked(c, *file)
		if err != nil {
			return err
		}
		if len(args) == 0 {
			return listFailures(c, cfg, *asJSON)
		}
		return tellWhy(c, cfg, strings.TrimSpace(args[0]), *asJSON)
	}
	return c
}

// tellWhy tells the story of one Exchange.
func tellWhy(c *cobra.Command, cfg *config.Config, id string, asJSON bool) error {
	body, code, err := askAdmin(c.Context(), cfg, http.MethodGet, "/failures?id="+url.QueryEscape(id), nil)
	if err != nil {
		return err
	}
	if code == http.StatusNotFound {
		return unknownFailure(c, cfg, id)
	}
	var f server.FailureStatus
	if code != http.StatusOK {
		return refused(code, body)
	}
	if err := json.Unmarshal(body, &f); err != nil || f.ID == "" {
		return errNotSluice
	}
	if asJSON {
		return printJSON(c.OutOrStdout(), body)
	}
	t := newTerminal(c.OutOrStdout())
	width, _ := t.size()
	return storySheet(f, time.Now(), width).printTo(t.out, t.colour)
}

// unknownFailure says why an Exchange may be unknown, and where else to look.
func unknownFailure(c *cobra.Command, cfg *config.Config, id string) error {
	all, _, err := askFailures(c, cfg)
	if err != nil {
		return err
	}
	reach := "none yet"
	if n := len(all); n > 0 {
		oldest := all[0].Time
		for _, f := range all {
			if f.Time.Before(oldest) {
				oldest = f.Time
			}
		}
		reach = fmt.Sprintf("%s now, the oldest of %s ago", count(uint64(n)), age(oldest, time.Now()))
	}
	return fmt.Errorf("nothing is known of %s\n"+
		"Sluice remembers the last requests that failed or got a Degraded answer, until it\n"+
		"is restarted: %s; others are in the access log alone\n%s", cut(clean(id), 100), reach, searchLog(cfg.Log, id))
}

// searchLog says how to find an ID in the access log.
func searchLog(log config.Log, id string) string {
	if !isID(id) {
		id = "ID"
	}
	switch log.Access.To {
	case config.LogOff:
		return "the access log would have it, but it is off (log.access)"
	case config.LogFile:
		return "look for it in the access log: grep " + id + " " + log.Access.File
	}
	return "look for it in the access log: journalctl -u sluice | grep " + id
}

// isID reports whether text may stand in a command line as it is.
func isID(text string) bool {
	return text != "" && len(text) <= 100 && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == "" && text[0] != '-'
}

// listFailures lists what is remembered, newest first.
func listFailures(c *cobra.Command, cfg *config.Config, asJSON bool) error {
	all, body, err := askFailures(c, cfg)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.OutOrStdout(), body)
	}
	t := newTerminal(c.OutOrStdout())
	width, _ := t.size()
	s := &sheet{width: width}
	if len(all) == 0 {
		s.line(text("no request has failed since Sluice was started"))
		return s.printTo(t.out, t.colour)
	}
	const most = 40
	s.table(failureTable(all, time.Now()), most)
	s.gap()
	s.line(part{"sluice why ID tells the story of one; --json has all", faint})
	return s.printTo(t.out, t.colour)
}

// askFailures asks the running Sluice for all that it remembers, which is less
// than a thousand.
func askFailures(c *cobra.Command, cfg *config.Config) ([]server.FailureStatus, []byte, error) {
	body, code, err := askAdmin(c.Context(), cfg, http.MethodGet, "/failures?limit=1000", nil)
	if err != nil {
		return nil, nil, err
	}
	if code != http.StatusOK {
		return nil, nil, refused(code, body)
	}
	var all []server.FailureStatus
	if err := json.Unmarshal(body, &all); err != nil {
		return nil, nil, errNotSluice
	}
	return all, body, nil
}
