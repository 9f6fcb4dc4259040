package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/config"
	"sluice/server"
)

// errProblems is the end of a command that has shown that something is wrong:
// there is nothing to add.
var errProblems = errors.New("there are problems")

func statusCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "status",
		Short: "Show how Sluice is: what is wrong, what it does, who fails",
		Long: `Show how the running Sluice is. The first line says that all is well, or what
is wrong and what to do about it. Below stand requests, latency and answers of
the last seconds, Sites, Pools with each Upstream and why it is out,
certificates, limited clients, the cache, the last failures and events.

What is in trouble stands before what is well. Of more than 20 Pools those that
are well are only counted, and of each table the first rows are shown; --pool
shows one Pool, and --all everything.

Colours are used in a terminal only, and not if NO_COLOR is set.

Exit status:
  0  all is well, or there are warnings only
  1  Sluice could not be asked
  2  there are problems of level "error"
With --watch it is 0 when ended by ^C.`,
		Example: `  sluice status
  sluice status --watch
  sluice status --pool app                every Upstream of one Pool
  sluice status --all | less              every Pool, Site, certificate, problem
  sluice status --json | jq .problems
  s=$(sluice status 2>&1) || echo "$s" | mail -s sluice ops@example.com`,
		Args: cobra.NoArgs,
	}
	file := configFlag(c)
	asJSON := c.Flags().Bool("json", false, "print JSON")
	watched := c.Flags().BoolP("watch", "w", false, "show it anew every second, until ^C")
	pool := c.Flags().String("pool", "", "show this Pool only, with all its Upstreams")
	all := c.Flags().Bool("all", false, "leave nothing out, however much there is")
	c.MarkFlagsMutuallyExclusive("json", "watch", "all")
	c.MarkFlagsMutuallyExclusive("json", "pool", "all")
	c.RegisterFlagCompletionFunc("pool", completePools(file))
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := loadAsked(c, *file)
		if err != nil {
			return err
		}
		switch {
		case *watched:
			return watchStatus(c, cfg, *pool)
		case *asJSON:
			return printStatusJSON(c, cfg)
		}
		return showStatus(c, cfg, *pool, *all)
	}
	return c
}

// showStatus prints it once.
func showStatus(c *cobra.Command, cfg *config.Config, pool string, all bool) error {
	status, _, err := askStatus(c.Context(), cfg)
	if err != nil {
		return err
	}
	if err := knownPool(status, pool); err != nil {
		return err
	}
	t := newTerminal(c.OutOrStdout())
	width, _ := t.size()
	v := view{Status: status, width: width, most: standardRows(), pool: pool, hint: ": sluice status --all"}
	if all {
		v.most, v.all = allRows(), true
	}
	if err := v.sheet().printTo(t.out, t.colour); err != nil {
		return err
	}
	return verdict(status)
}

func printStatusJSON(c *cobra.Command, cfg *config.Config) error {
	status, body, err := askStatus(c.Context(), cfg)
	if err != nil {
		return err
	}
	if err := printJSON(c.OutOrStdout(), body); err != nil {
		return err
	}
	return verdict(status)
}

// askStatus asks the running Sluice how it is.
func askStatus(ctx context.Context, cfg *config.Config) (*server.Status, []byte, error) {
	body, code, err := askAdmin(ctx, cfg, http.MethodGet, "/status?seconds=60", nil)
	if err != nil {
		return nil, nil, err
	}
	if code != http.StatusOK {
		return nil, nil, refused(code, body)
	}
	var s server.Status
	if err := json.Unmarshal(body, &s); err != nil || s.Version == "" || s.Time.IsZero() {
		return nil, nil, errNotSluice
	}
	arrange(&s, nil)
	return &s, body, nil
}

// verdict is errProblems if there are any of level error.
func verdict(s *server.Status) error {
	for _, p := range s.Problems {
		if p.Level == server.LevelError {
			return errProblems
		}
	}
	return nil
}

// knownPool returns an error if there is no such Pool.
func knownPool(s *server.Status, name string) error {
	if name == "" {
		return nil
	}
	var names []string
	for _, p := range s.Pools {
		if p.Name == name {
			return nil
		}
		names = append(names, p.Name)
	}
	slices.Sort(names) // as the eye looks for one
	return fmt.Errorf("there is no Pool %q\nthose there are: %s", name, clean(strings.Join(names, ", ")))
}

// watchStatus shows it anew until a signal.
func watchStatus(c *cobra.Command, cfg *config.Config, pool string) error {
	first, _, err := askStatus(c.Context(), cfg)
	if err != nil {
		return err
	}
	if err := knownPool(first, pool); err != nil {
		return err
	}
	w := watch{
		terminal: newTerminal(c.OutOrStdout()),
		every:    time.Second,
		ask: func(ctx context.Context) (*server.Status, error) {
			s, _, err := askStatus(ctx, cfg)
			return s, err
		},
		pool:   pool,
		lately: make(queues),
	}
	return w.untilSignal(c.Context())
}
