package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"

	"github.com/spf13/cobra"

	"sluice/config"
	"sluice/server"
)

func reloadCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "reload",
		Short: "Put the changed configuration file in force, without a restart",
		Long: `Have the running Sluice read its configuration file again and put it in force,
and show what has changed. Requests, downloads and WebSockets that are under way
go on. If anything is wrong with the file, nothing changes: all that is wrong is
shown, with file and line, and the exit status is 1.

SIGHUP does the same; what came of it stands in the log then. The unit of the
service does it by --or-signal where Sluice cannot be asked: server.admin is "",
or new like the file's token is. So "systemctl reload sluice" is this command.

Exit status:
  0  the file is in force; or it is right, and the signal was sent
  1  nothing has changed: the file is wrong, or Sluice could not be asked`,
		Example: `  sluice reload --config /etc/sluice/sluice.toml
  sluice reload --admin 127.0.0.1:9180     after server.admin was changed
  sluice reload --or-signal 4711           whatever was changed`,
		Args: cobra.NoArgs,
	}
	file := configFlag(c)
	asJSON := c.Flags().Bool("json", false, "print JSON")
	address := c.Flags().String("admin", "", "where the running Sluice is asked, if server.admin in the file is new; \"unix:PATH\", too")
	signalled := c.Flags().Int("or-signal", 0, "if Sluice cannot be asked, check the file and send SIGHUP to this process")
	c.MarkFlagsMutuallyExclusive("or-signal", "json")
	c.RunE = func(c *cobra.Command, _ []string) error {
		err := reload(c, *file, *address, *asJSON)
		var silent *notAskedError
		if c.Flags().Changed("or-signal") && errors.As(err, &silent) {
			return reloadBySignal(c.OutOrStdout(), *file, *signalled, silent.why)
		}
		return err
	}
	return c
}

// notAskedError is that the running Sluice could not be asked to reload.
type notAskedError struct{ why error }

func (e *notAskedError) Unwrap() error { return e.why }

func (e *notAskedError) Error() string {
	return e.why.Error() + "\nif server.admin was changed, say where it was: sluice reload --admin ADDRESS; or send SIGHUP"
}

// reloadBySignal has a process reload that could not be asked. The signal is
// answered by nothing, so what can be known of the file is looked for first.
func reloadBySignal(w io.Writer, file string, pid int, why error) error {
	if _, err := build(file); err != nil {
		return refusedReload(w, err, false)
	}
	if pid <= 1 {
		return fmt.Errorf("--or-signal: %d is no process of Sluice", pid)
	}
	if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
		return fmt.Errorf("send SIGHUP to process %d: %w", pid, err)
	}
	fmt.Fprintf(w, "%s\nprocess %d was sent SIGHUP instead; its log says what comes of it\n", cleanLines(why.Error()), pid)
	return nil
}

// reload asks the running Sluice to reload. Where it is asked stands in the file;
// one that cannot be read needs nobody to be asked: it would not be put in force.
func reload(c *cobra.Command, file, address string, asJSON bool) error {
	cfg, err := config.LoadAsked(file)
	if err != nil {
		return refusedReload(c.OutOrStdout(), err, asJSON)
	}
	ask := func(ctx context.Context) ([]byte, int, error) {
		if address == "" {
			return askAdmin(ctx, cfg, http.MethodPost, "/reload", nil)
		}
		return askAddress(ctx, cfg, address, http.MethodPost, "/reload", nil)
	}
	body, status, err := ask(c.Context())
	if err != nil {
		return &notAskedError{err}
	}
	var done server.Reloaded
	var failed struct{ Error string }
	switch {
	case status == http.StatusOK && json.Unmarshal(body, &done) == nil:
	case status == http.StatusConflict && json.Unmarshal(body, &failed) == nil:
		return refusedReload(c.OutOrStdout(), errors.New(failed.Error), asJSON)
	default:
		return errors.New("what answers at server.admin is not Sluice, or an older one")
	}
	if asJSON {
		_, err := io.WriteString(c.OutOrStdout(), escaped(string(body)))
		return err
	}
	printReloaded(c.OutOrStdout(), done)
	return nil
}

// refusedReload says that nothing has changed, and returns why.
func refusedReload(w io.Writer, why error, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		if err := e.Encode(map[string]string{"error": why.Error()}); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w\nnothing has changed: the configuration before stays in force", why)
}

// printReloaded prints what has changed, one thing a line.
func printReloaded(w io.Writer, r server.Reloaded) {
	if len(r.Changes) == 0 {
		fmt.Fprintf(w, "%s: reloaded, nothing has changed\n", r.File)
	} else {
		fmt.Fprintf(w, "%s: reloaded\n", r.File)
	}
	for _, lines := range [][]string{r.Changes, r.Restart} {
		for _, line := range lines {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
	for _, line := range r.Warnings {
		fmt.Fprintf(w, "  warning: %s\n", line)
	}
}
