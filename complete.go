package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/config"
	"sluice/server"
)

// completer says what a shell may complete an argument with.
type completer = cobra.CompletionFunc

// completeConfigs has the shell complete each --config with TOML files.
func completeConfigs(c *cobra.Command) {
	if c.LocalFlags().Lookup("config") != nil {
		c.MarkFlagFilename("config", "toml")
		c.MarkPersistentFlagFilename("config", "toml")
	}
	for _, sub := range c.Commands() {
		completeConfigs(sub)
	}
}

// completeHosts completes the one argument with the hosts of the Sites.
func completeHosts(file *string) completer {
	return ofConfig(file, cobra.ShellCompDirectiveNoFileComp, func(cfg *config.Config) (names []string) {
		for _, s := range cfg.Sites {
			names = append(names, s.Hosts...)
		}
		return names
	})
}

// completeURLs completes the one argument with the beginnings of URLs.
func completeURLs(file *string) completer {
	return ofConfig(file, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace, func(cfg *config.Config) (urls []string) {
		for _, s := range cfg.Sites {
			for _, host := range s.Hosts {
				if !strings.HasPrefix(host, "*") {
					urls = append(urls, "https://"+host+"/")
				}
			}
		}
		return urls
	})
}

// completePools completes with the names of the Pools.
func completePools(file *string) completer {
	pools := ofConfig(file, cobra.ShellCompDirectiveNoFileComp, func(cfg *config.Config) (names []string) {
		for _, p := range cfg.Pools {
			names = append(names, p.Name)
		}
		return names
	})
	return func(c *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		return pools(c, nil, begun) // whatever the arguments are
	}
}

// completePool completes the first argument with the names of the Pools, and the
// second with the addresses of its servers.
func completePool(file *string) completer {
	pools := completePools(file)
	return func(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return pools(c, nil, begun)
		}
		addresses := ofConfig(file, cobra.ShellCompDirectiveNoFileComp, func(cfg *config.Config) (all []string) {
			pool, _ := cfg.Pool(args[0])
			for _, u := range pool.Upstreams {
				all = append(all, u.Address())
			}
			return all
		})
		return addresses(c, args[1:], begun)
	}
}

// ofConfig completes the first argument with what a configuration names. With a
// file that is wrong there is nothing: a shell has no place for errors.
func ofConfig(file *string, directive cobra.ShellCompDirective, names func(*config.Config) []string) completer {
	return func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		cfg, err := config.Load(*file)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return beginning(names(cfg), begun), directive
	}
}

func beginning(names []string, begun string) (fitting []string) {
	for _, name := range names {
		if strings.HasPrefix(name, begun) {
			fitting = append(fitting, name)
		}
	}
	return fitting
}

// completePatience is how long a person waits after Tab.
const completePatience = time.Second

// completeFailures completes the one argument with the IDs of requests that
// failed. What clients have sent stays out of it: it would get into a shell.
func completeFailures(file *string) completer {
	return func(c *cobra.Command, args []string, begun string) (ids []string, _ cobra.ShellCompDirective) {
		cfg, _ := config.LoadAsked(*file)
		if cfg == nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(commandContext(c), completePatience)
		defer cancel()
		body, code, err := askAdmin(ctx, cfg, http.MethodGet, "/failures", nil)
		var all []server.FailureStatus
		if err != nil || code != http.StatusOK || json.Unmarshal(body, &all) != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		const most = 20
		for _, f := range all {
			if isID(f.ID) && strings.HasPrefix(f.ID, begun) && len(ids) < most {
				ids = append(ids, fmt.Sprintf("%s\t%d, %s ago", f.ID, f.Status, age(f.Time, time.Now())))
			}
		}
		return ids, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

// commandContext is the context of c, which has none while it completes.
func commandContext(c *cobra.Command) context.Context {
	if ctx := c.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}
