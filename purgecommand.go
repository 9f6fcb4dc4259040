package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"
)

func purgeCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "purge URL",
		Short: "Forget the copies of a URL, or of all that begin with it",
		Long: `Forget the copies that the running Sluice keeps of answers for a URL, those for
http and for https alike. Do it when a page has changed before its time is over;
the next request for it reaches an Upstream.

Exit status:
  0  they are forgotten; their number is shown, which may be 0
  1  Sluice could not be asked, or that is no URL of a Site`,
		Example: `  sluice purge https://shop.example.com/news/1
  sluice purge --prefix https://shop.example.com/news/`,
		Args: cobra.ExactArgs(1),
	}
	file := configFlag(c)
	c.ValidArgsFunction = completeURLs(file)
	prefix := c.Flags().Bool("prefix", false, "all URLs that begin with it, whatever their query")
	c.RunE = func(c *cobra.Command, args []string) error { return purgeURL(c, *file, args[0], *prefix) }
	return c
}

func purgeURL(c *cobra.Command, file, url string, prefix bool) error {
	cfg, err := loadAsked(c, file)
	if err != nil {
		return err
	}
	question, err := json.Marshal(map[string]any{"url": url, "prefix": prefix})
	if err != nil {
		return err
	}
	body, status, err := askAdmin(c.Context(), cfg, http.MethodPost, "/cache/purge", question)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return errors.New(strings.TrimSpace(string(body)))
	}
	var came struct{ Purged int }
	if err := json.Unmarshal(body, &came); err != nil {
		return errors.New("what answers at server.admin is not Sluice")
	}
	fmt.Fprintf(c.OutOrStdout(), "copies forgotten: %d\n", came.Purged)
	return nil
}
