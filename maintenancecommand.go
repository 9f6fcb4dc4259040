package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sluice/server"
)

func maintenanceCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "maintenance",
		Short: "Show which Sites are under maintenance; on and off change it",
		Long: `Show which Sites of the running Sluice are under maintenance.

Visitors of such a Site get a page that says so, programs JSON, both with status
503 and Retry-After; nothing reaches the upstreams. Routes of class "critical"
stay open, and certificates go on being renewed. A restart changes nothing.

Exit status:
  0  they were shown
  1  Sluice could not be asked`,
		Example: `  sluice maintenance
  sluice maintenance on shop.example.com --for 30m
  sluice maintenance off shop.example.com`,
		Args: cobra.NoArgs,
	}
	file := c.PersistentFlags().StringP("config", "c", defaultConfig, "the configuration file")
	asJSON := c.Flags().Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, _ []string) error { return showMaintenance(c, *file, *asJSON) }
	c.AddCommand(maintenanceOnCommand(file), &cobra.Command{
		Use:   "off SITE",
		Short: "Open a Site, named by one of its hosts",
		Long: `Open a Site, named by one of its hosts, that is under maintenance. One that is
open stays so.

Exit status:
  0  it is open
  1  there is no such Site, or Sluice could not be asked`,
		Example:           `  sluice maintenance off shop.example.com`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeHosts(file),
		RunE: func(c *cobra.Command, args []string) error {
			return act(c, *file, "/maintenance/off", url.Values{"site": args})
		},
	})
	return c
}

func maintenanceOnCommand(file *string) *cobra.Command {
	c := &cobra.Command{
		Use:   "on SITE",
		Short: "Put a Site, named by one of its hosts, under maintenance",
		Long: `Put a Site, named by one of its hosts, under maintenance until "off", or until a
time: then it opens by itself, and Retry-After tells clients when.

Exit status:
  0  it is under maintenance
  1  there is no such Site, or Sluice could not be asked`,
		Example: `  sluice maintenance on shop.example.com --for 30m
  sluice maintenance on shop.example.com --until 23:30`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeHosts(file),
	}
	until := c.Flags().String("until", "", `when it ends: "2026-12-01T20:00:00+08:00", or the next "20:00" of this machine`)
	length := c.Flags().Duration("for", 0, `how long it lasts, such as "90m"`)
	c.MarkFlagsMutuallyExclusive("until", "for")
	c.RunE = func(c *cobra.Command, args []string) error {
		end, err := endOf(*until, *length, c.Flags().Changed("for"), time.Now())
		if err != nil {
			return err
		}
		query := url.Values{"site": args}
		if !end.IsZero() {
			query.Set("until", end.Format(time.RFC3339))
		}
		return act(c, *file, "/maintenance/on", query)
	}
	return c
}

// endOf returns when a maintenance ends that begins now, the zero Time if that
// was not said.
func endOf(until string, length time.Duration, hasLength bool, now time.Time) (time.Time, error) {
	switch {
	case hasLength && length < time.Second:
		return time.Time{}, errors.New(`--for must be a second at least; write a length such as "90m"`)
	case hasLength:
		// Whole seconds go over the wire, and no less than was asked for.
		return now.Add(length + time.Second - 1).Truncate(time.Second), nil
	case until == "":
		return time.Time{}, nil
	}
	if clock, err := time.Parse("15:04", until); err == nil {
		year, month, day := now.Date()
		end := time.Date(year, month, day, clock.Hour(), clock.Minute(), 0, 0, now.Location())
		if !end.After(now) {
			end = time.Date(year, month, day+1, clock.Hour(), clock.Minute(), 0, 0, now.Location())
		}
		return end, nil
	}
	end, err := time.Parse(time.RFC3339, until)
	if err != nil {
		return time.Time{}, fmt.Errorf(`--until %q is not a time; write "2026-12-01T20:00:00+08:00" or "20:00"`, until)
	}
	return end, nil
}

func showMaintenance(c *cobra.Command, file string, asJSON bool) error {
	cfg, err := loadAsked(c, file)
	if err != nil {
		return err
	}
	body, status, err := askAdmin(c.Context(), cfg, http.MethodGet, "/maintenance", nil)
	if err != nil {
		return err
	}
	var all []server.MaintenanceStatus
	if status != http.StatusOK || json.Unmarshal(body, &all) != nil {
		return errors.New("what answers at server.admin is not Sluice")
	}
	if asJSON {
		_, err := io.WriteString(c.OutOrStdout(), escaped(string(body)))
		return err
	}
	printMaintenance(c.OutOrStdout(), all, time.Now())
	return nil
}

// printMaintenance prints a table.
func printMaintenance(w io.Writer, all []server.MaintenanceStatus, now time.Time) {
	if len(all) == 0 {
		fmt.Fprintln(w, "no site is under maintenance")
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SITE\tSINCE\tUNTIL")
	for _, m := range all {
		until := "it is turned off"
		if !m.Until.IsZero() {
			until = fmt.Sprintf("%s (%s)", shown(m.Until), span(m.Until.Sub(now)))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", m.Site, shown(m.Since), until)
	}
	t.Flush()
}
