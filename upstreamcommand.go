package main

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// upstreamStatuses ends the help of those that change something.
const upstreamStatuses = `

Exit status:
  0  it is done
  1  it was refused, and why is said, or Sluice could not be asked`

func upstreamCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "upstream",
		Short: "Drain an Upstream, or give it another weight",
		Long: `Drain an Upstream of the running Sluice, let it serve again, or give it another
weight: for a deployment, or to try out a new version with a few requests.

An Upstream is named by its Pool and its address, as "sluice status" shows them.
What was set holds until it is undone or Sluice is restarted; a reload changes
nothing about it as long as the Upstream is in the configuration.

Exit status:
  0  it is done
  1  it was refused, which is said, or Sluice could not be asked`,
		Example: `  sluice upstream drain app 10.0.0.2:3001
  sluice upstream undrain app 10.0.0.2:3001
  sluice upstream weight app 10.0.0.2:3001 5`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	file := c.PersistentFlags().StringP("config", "c", defaultConfig, "the configuration file")
	force := c.PersistentFlags().Bool("force", false, "also if no other Upstream of the Pool gets requests")
	for _, sub := range []struct {
		use, short, long, example string
		args                      int
	}{
		{"drain POOL ADDRESS", "Send it no new requests; those under way finish",
			"Send an Upstream no new requests; those that are under way finish. The last one\nof its Pool is drained only with --force.",
			"  sluice upstream drain app 10.0.0.2:3001", 2},
		{"undrain POOL ADDRESS", "Send it requests again",
			"Send an Upstream requests again, as many at once as its weight says.",
			"  sluice upstream undrain app 10.0.0.2:3001", 2},
		{"weight POOL ADDRESS N", "Give it another weight, 0 to 1000",
			"Give an Upstream another weight, 0 to 1000, instead of the configured one. One\nof weight 2 gets twice as many requests as one of weight 1, and one of 0 none.",
			"  sluice upstream weight app 10.0.0.2:3001 5", 3},
	} {
		word, _, _ := strings.Cut(sub.use, " ")
		c.AddCommand(&cobra.Command{
			Use: sub.use, Short: sub.short, Long: sub.long + upstreamStatuses, Example: sub.example, Args: cobra.ExactArgs(sub.args),
			ValidArgsFunction: completePool(file),
			RunE: func(c *cobra.Command, args []string) error {
				return setUpstream(c, *file, "/upstream/"+word, args, *force)
			},
		})
	}
	return c
}

func setUpstream(c *cobra.Command, file, path string, args []string, force bool) error {
	query := url.Values{"pool": args[:1], "upstream": args[1:2], "force": {strconv.FormatBool(force)}}
	if len(args) > 2 {
		if _, err := strconv.Atoi(args[2]); err != nil {
			return errors.New("a weight is a whole number, such as 5")
		}
		query.Set("weight", args[2])
	}
	return act(c, file, path, query)
}
