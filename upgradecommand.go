package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"sluice/config"
	"sluice/server"
)

func upgradeCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "upgrade",
		Short: "Put a new version of the program in force, without loss",
		Long: `Have the running Sluice start its program anew, from the file that it was
started from, and hand over to it: first put the new version in that place (as a
new file, such as install(1) or a package makes it), then call this.

The new process takes over the listening sockets, proves that it answers, and
serves from then on. The old one lets its requests, downloads and WebSockets
finish within server.drain_timeout. A new process that does not start, be it for
its program or for the configuration file, changes nothing: the old one serves
on, what is wrong is shown, and the exit status is 1.

TLS sessions go on, and those who wait in a waiting room keep their places. The
cache, and what limits remember of clients, begin anew. SIGUSR2 does the same;
what came of it stands in the log then.`,
		Example: `  install -m 755 sluice-new /usr/local/bin/sluice && sluice upgrade`,
		Args:    cobra.NoArgs,
	}
	file := configFlag(c)
	asJSON := c.Flags().Bool("json", false, "print JSON")
	c.RunE = func(c *cobra.Command, _ []string) error { return upgrade(c, *file, *asJSON) }
	return c
}

// upgrade asks the running Sluice to upgrade. A file that cannot be read would
// not be read by the new process either.
func upgrade(c *cobra.Command, file string, asJSON bool) error {
	cfg, err := config.LoadAsked(file)
	if err != nil {
		return fmt.Errorf("%w\nnothing has changed: the process before serves on", err)
	}
	body, status, err := askAdmin(c.Context(), cfg, http.MethodPost, "/upgrade", nil)
	if err != nil {
		return fmt.Errorf("%w\nif server.admin is off or was changed, send SIGUSR2 to the process", err)
	}
	var done server.Upgraded
	var failed struct{ Error string }
	switch {
	case status == http.StatusOK && json.Unmarshal(body, &done) == nil:
	case status == http.StatusConflict && json.Unmarshal(body, &failed) == nil:
		return fmt.Errorf("%s\nnothing has changed: the process before serves on", failed.Error)
	default:
		return errors.New("what answers at server.admin is not Sluice, or an older one\nsend SIGUSR2 to its process, or restart it")
	}
	if asJSON {
		_, err := io.WriteString(c.OutOrStdout(), escaped(string(body)))
		return err
	}
	within := time.Duration(done.Seconds * float64(time.Second))
	fmt.Fprintf(c.OutOrStdout(), "sluice %s serves now, process %d\n", done.To, done.PID)
	fmt.Fprintf(c.OutOrStdout(), "before: sluice %s, process %d, which lets %d connections finish within %v\n", done.From, done.Before, done.Open, within)
	return nil
}
