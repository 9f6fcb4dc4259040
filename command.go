package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"sluice/config"
	"sluice/errorlog"
	"sluice/handover"
	"sluice/server"
)

const defaultConfig = "/etc/sluice/sluice.toml"

// newCommand returns the command line.
func newCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "sluice",
		Short: "A reverse proxy that terminates TLS, fails fast and explains itself",
		Long: `Sluice stands in front of one small server, or a few: it terminates TLS,
spreads requests over Upstreams, passes over those that fail, and answers with
a degraded page when none is left.

  See it work in a minute:      sluice demo
  Try a config without risk:    sluice check --config FILE
  Serve:                        sluice run --config FILE
  Put a changed file in force:  sluice reload --config FILE
  See how it is:                sluice status
  See why a request failed:     sluice why ID`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	for _, g := range []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{"serve", "Serve:", []*cobra.Command{runCommand(), checkCommand(), reloadCommand(), upgradeCommand(), demoCommand()}},
		{"look", "Look:", []*cobra.Command{statusCommand(), whyCommand(), certsCommand(), versionCommand()}},
		{"change", "Change:", []*cobra.Command{maintenanceCommand(), purgeCommand(), upstreamCommand()}},
		{"setup", "Set up:", []*cobra.Command{installCommand(), uninstallCommand(), completionCommand(), manCommand()}},
	} {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, c := range g.commands {
			c.GroupID = g.id
			root.AddCommand(c)
		}
	}
	teach(root)
	completeConfigs(root)
	return root
}

func configFlag(c *cobra.Command) *string {
	return c.Flags().StringP("config", "c", defaultConfig, "the configuration file")
}

func runCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "run",
		Short: "Serve by a configuration file until SIGTERM or SIGINT",
		Long: `Serve by a configuration file. A service manager is what starts this for good:
docs/operations.md says how.

Signals:
  SIGTERM, SIGINT  stop accepting, let running requests finish
                   (server.drain_timeout), end; a second one ends at once
  SIGHUP           reload the configuration file, as "sluice reload" does
  SIGUSR1          reopen the access log and the error log, for logrotate
  SIGUSR2          start the program anew from its file and hand over to it, as
                   "sluice upgrade" does

Exit status:
  0  a signal has ended it
  1  it could not start, or could not go on`,
		Example: `  sluice run --config sluice.toml`,
		Args:    cobra.NoArgs,
	}
	file := configFlag(c)
	c.RunE = func(*cobra.Command, []string) error { return run(*file) }
	return c
}

func checkCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "check",
		Short: "Do all that run does before it binds, and say what is wrong",
		Long: `Read a configuration file and all files that it names, and say everything that
is wrong, with file, line, key and what to do. Nothing is changed, and nothing
is listened on, so it may be done beside a running Sluice. Do it before each
reload and in the pipeline that brings the file. Of the service's own file root
is also told what the service's user may not read.

Exit status:
  0  Sluice would start; warnings are possible
  1  something is wrong`,
		Example: `  sluice check --config sluice.toml`,
		Args:    cobra.NoArgs,
	}
	file := configFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		s, err := build(*file)
		if err != nil {
			return err
		}
		for _, certificate := range s.Certificates() {
			for _, warning := range certificate.Warnings {
				fmt.Fprintf(c.ErrOrStderr(), "warning: the certificate of %s: %s\n", strings.Join(certificate.Names, ", "), warning)
			}
		}
		warnOfClosed(c.ErrOrStderr(), closedToService(c.Context(), *file))
		fmt.Fprintf(c.OutOrStdout(), "%s: ok\n", *file)
		return nil
	}
	return c
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long: `Print the version of this program, of the Go it was built with, and the system
it was built for. The version that is running is in "sluice status".`,
		Example: `  sluice version`,
		Args:    cobra.NoArgs,
		Run: func(c *cobra.Command, _ []string) {
			fmt.Fprintf(c.OutOrStdout(), "sluice %s, %s, %s/%s\n", server.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}

// build does everything up to, and without, binding.
func build(file string) (*server.Server, error) {
	cfg, err := config.Load(file)
	if err != nil {
		return nil, err
	}
	return server.New(cfg, nil)
}

func run(file string) error {
	manager, unused := handover.Inherit()
	if unused != nil {
		early := slog.New(errorlog.New(errorlog.Options{Journal: errorlog.ToJournal()}).Handler()) // what the error log is stands in the file
		early.Warn("what the service manager has said is of no use; it is ignored", "why", unused)
	}
	err := serve(file, manager)
	if err != nil {
		if manager.Predecessor != nil {
			manager.Predecessor.Failed(err) // who serves on
			return err
		}
		manager.Notifier.Status(err.Error()) // for systemctl status; stderr has it in any case
	}
	return err
}

// serve serves until a signal ends it.
func serve(file string, manager handover.Manager) error {
	// From the beginning on: what logrotate sends while we start would end us.
	signals := make(chan os.Signal, 3)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGHUP)
	s, err := build(file)
	if err != nil {
		return err
	}
	if err := s.StartedBy(manager); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := s.Listen(ctx); err != nil {
		return err
	}
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	return withSignals(s, signals, func() error { return s.Run(ctx) })
}

// withSignals runs f and does meanwhile what signals ask for: SIGUSR1 to reopen
// the logs, SIGUSR2 to upgrade, SIGHUP to reload.
func withSignals(s *server.Server, signals chan os.Signal, f func() error) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for sig := range signals {
			switch sig { // Reload and Upgrade tell of what came of them
			case syscall.SIGHUP:
				s.Reload(context.Background())
			case syscall.SIGUSR2:
				s.Upgrade(context.Background())
			default:
				s.ReopenLogs()
			}
		}
	}()
	defer func() {
		signal.Stop(signals)
		close(signals)
		<-ended
	}()
	return f()
}
