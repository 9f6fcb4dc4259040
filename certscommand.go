package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sluice/config"
	"sluice/server"
)

func certsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "certs",
		Short: "Show all certificates: where from, until when, what went wrong",
		Long: `Show all certificates of the running Sluice: where they come from, until when
they are valid, when they are renewed, and why the last try failed. Without a
running Sluice it shows what the disk has.

Exit status:
  0  they were shown
  1  neither Sluice nor the disk could be asked`,
		Example: `  sluice certs
  sluice certs --json
  sluice certs renew shop.example.com`,
		Args: cobra.NoArgs,
	}
	file := c.PersistentFlags().StringP("config", "c", defaultConfig, "the configuration file")
	asJSON := c.Flags().Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, _ []string) error { return showCertificates(c, *file, *asJSON) }
	c.AddCommand(&cobra.Command{
		Use:   "renew NAME",
		Short: "Order the certificate of a name anew, within the CA's limits",
		Long: `Order the certificate that a name has anew, now, as when a key is no longer
secret or what kept the last order from succeeding is put right. Renewal comes
by itself otherwise. More than the CA's limits allow is never ordered.

Exit status:
  0  it is being ordered; "sluice certs" shows what comes of it
  1  it is not; the reason is shown`,
		Example:           `  sluice certs renew shop.example.com`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeHosts(file),
		RunE:              func(c *cobra.Command, args []string) error { return renewCertificate(c, *file, args[0]) },
	})
	return c
}

func showCertificates(c *cobra.Command, file string, asJSON bool) error {
	cfg, err := loadAsked(c, file)
	if err != nil {
		return err
	}
	all, err := askCertificates(c.Context(), cfg)
	if err != nil {
		fmt.Fprintf(c.ErrOrStderr(), "%v; this is what the disk has:\n", err)
		s, err := build(file)
		if err != nil {
			return err
		}
		all = s.Certificates()
	}
	if asJSON {
		e := json.NewEncoder(c.OutOrStdout())
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	printCertificates(c.OutOrStdout(), all, time.Now())
	return nil
}

// askCertificates asks the running Sluice.
func askCertificates(ctx context.Context, cfg *config.Config) ([]server.CertificateStatus, error) {
	body, _, err := askAdmin(ctx, cfg, http.MethodGet, "/certs", nil)
	if err != nil {
		return nil, err
	}
	var all []server.CertificateStatus
	if err := json.Unmarshal(body, &all); err != nil {
		return nil, errors.New("what answers at server.admin is not Sluice")
	}
	return all, nil
}

func renewCertificate(c *cobra.Command, file, name string) error {
	cfg, err := loadAsked(c, file)
	if err != nil {
		return err
	}
	body, status, err := askAdmin(c.Context(), cfg, http.MethodPost, "/certs/renew?name="+url.QueryEscape(name), nil)
	if err != nil {
		return err
	}
	if status != http.StatusAccepted {
		return errors.New(strings.TrimSpace(string(body)))
	}
	fmt.Fprintf(c.OutOrStdout(), "%ssluice certs shows what comes of it\n", body)
	return nil
}

// printCertificates prints a table, and below each line what is wrong.
func printCertificates(w io.Writer, all []server.CertificateStatus, now time.Time) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tSOURCE\tISSUER\tKEY\tNOT AFTER\tNEXT RENEWAL")
	for _, c := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", strings.Join(c.Names, ","), c.Source, clean(orDash(c.Issuer)), orDash(c.Key), until(c, now), nextTry(c, now))
	}
	t.Flush()
	for _, c := range all {
		printTroubles(w, c)
	}
}

func printTroubles(w io.Writer, c server.CertificateStatus) {
	name := strings.Join(c.Names, ",")
	for _, warning := range c.Warnings {
		fmt.Fprintf(w, "\n%s: %s\n", name, clean(warning))
	}
	if c.Failure == "" {
		return
	}
	fmt.Fprintf(w, "\n%s: the last try failed", name)
	if !c.FailedAt.IsZero() {
		fmt.Fprintf(w, " (%s)", shown(c.FailedAt))
	}
	fmt.Fprintf(w, ": %s\n", clean(c.Failure)) // the CA's own words
	if c.Remedy != "" {
		fmt.Fprintf(w, "  what to do: %s\n", c.Remedy)
	}
}

// until says when the certificate ends.
func until(c server.CertificateStatus, now time.Time) string {
	switch {
	case c.StandIn:
		return "none yet, self-signed meanwhile"
	case c.NotAfter.IsZero():
		return "none yet"
	case now.After(c.NotAfter):
		return shown(c.NotAfter) + " (expired)"
	}
	return fmt.Sprintf("%s (%s)", shown(c.NotAfter), span(c.NotAfter.Sub(now)))
}

// nextTry says when it is ordered next.
func nextTry(c server.CertificateStatus, now time.Time) string {
	switch {
	case c.Ordering:
		return "now"
	case c.NextTry.IsZero() && c.NotAfter.IsZero():
		return "at once"
	case c.NextTry.IsZero():
		return "-"
	case !c.NextTry.After(now):
		return "at once"
	}
	return fmt.Sprintf("%s (%s)", shown(c.NextTry), span(c.NextTry.Sub(now)))
}

func shown(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// span is a time to come as a person says it.
func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("in %d days", int(d/(24*time.Hour)))
	case d >= 2*time.Hour:
		return fmt.Sprintf("in %d hours", int(d/time.Hour))
	}
	return fmt.Sprintf("in %d minutes", int(d/time.Minute))
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
