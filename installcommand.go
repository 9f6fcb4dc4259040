package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"sluice/install"
)

func installCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "install",
		Short: "Install this program as a service, without a package",
		Long: `Install this program as a service of systemd: as /usr/local/bin/sluice, with a
user of its own, a first config if there is none, the unit, and what logrotate
and shells want to know.

It may be run again, with a newer program, too. A config is never overwritten,
and neither is a file that you have changed. Without --start nothing is started.

Exit status:
  0  it is installed, and with --start it serves
  1  something failed, which is said, and what was done before it`,
		Example: `  sudo ./sluice install
  sudo ./sluice install --start     starts it, or upgrades the one that runs`,
		Args: cobra.NoArgs,
	}
	file := configFlag(c)
	i := &install.Installation{}
	folder := prefixFlag(c)
	c.Flags().BoolVar(&i.Start, "start", false, "start it now and at each boot, or upgrade the one that runs")
	c.Flags().BoolVar(&i.DryRun, "dry-run", false, "say what would be done, and do nothing")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := describe(c, i, *file, *folder); err != nil {
			return err
		}
		return i.Install(c.Context())
	}
	return c
}

func uninstallCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "uninstall",
		Short: "Stop the service and remove what install has written",
		Long: `Stop the service and remove what "sluice install" has written. Your config, the
certificates, the logs and the user stay; with --purge they go, too.

Exit status:
  0  it is gone
  1  something failed, which is said, or nobody has said yes to --purge`,
		Example: `  sudo sluice uninstall
  sudo sluice uninstall --purge --dry-run     says what would go`,
		Args: cobra.NoArgs,
	}
	i := &install.Installation{}
	folder := prefixFlag(c)
	purge := c.Flags().Bool("purge", false, "remove the config, certificates with their keys, logs and the user, too")
	yes := c.Flags().Bool("yes", false, "do not ask before --purge")
	c.Flags().BoolVar(&i.DryRun, "dry-run", false, "say what would be done, and do nothing")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := describe(c, i, defaultConfig, *folder); err != nil {
			return err
		}
		if *purge && !*yes && !i.DryRun {
			if err := confirmPurge(c.InOrStdin(), c.OutOrStdout()); err != nil {
				return err
			}
		}
		return i.Uninstall(c.Context(), *purge)
	}
	return c
}

// prefixFlag is for those who build an image: files are put below a folder, and no
// program is run.
func prefixFlag(c *cobra.Command) *string {
	return c.Flags().String("prefix", "", "a folder that stands for the machine; no program is run then")
}

// describe says what is to be installed where.
func describe(c *cobra.Command, i *install.Installation, file, folder string) (err error) {
	i.Machine, i.Out = install.Here(), c.OutOrStdout()
	if folder != "" {
		i.Machine = install.Below(folder)
	}
	if i.Config, err = filepath.Abs(file); err != nil {
		return err
	}
	if i.Program, err = os.Executable(); err != nil {
		return err
	}
	i.Completions = map[string]string{}
	for _, shell := range completedShells() {
		var text bytes.Buffer
		if err := writeCompletion(&text, c.Root(), shell); err != nil {
			return err
		}
		i.Completions[shell] = text.String()
	}
	return nil
}

// confirmPurge asks whether everything may go.
func confirmPurge(in io.Reader, out io.Writer) error {
	fmt.Fprintf(out, "This deletes %s with all that is in them: the config, certificates and their keys, logs.\nType yes to go on: ",
		strings.Join(install.Purged(), ", "))
	answer, err := bufio.NewReader(io.LimitReader(in, 1<<10)).ReadString('\n')
	if strings.TrimSpace(answer) == "yes" {
		return nil
	}
	if err != nil {
		fmt.Fprintln(out)
		return errors.New("nobody has said yes; nothing was removed\nwhere nobody can: sluice uninstall --purge --yes")
	}
	return errors.New("nothing was removed")
}
