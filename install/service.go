package install

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// service has systemd see what was written, looks whether the config is right as
// the service will see it, and starts it or says how that is done.
func (i *Installation) service(ctx context.Context) error {
	m := i.Machine
	if m.Run == nil {
		i.say("\nThese are files only; nothing was run.")
		return nil
	}
	if m.systemd() && i.newUnit {
		err := i.step("systemd", "told of the unit", func() error {
			_, err := m.Run(ctx, Command{Words: []string{"systemctl", "daemon-reload"}})
			return err
		})
		if err != nil {
			return err
		}
	}
	if err := i.ready(ctx); err != nil {
		return err
	}
	switch {
	case !m.systemd():
		return i.otherwise()
	case m.ask(ctx, "systemctl", "is-active", "--quiet", "sluice.service"):
		return i.renew(ctx)
	case i.Start:
		return i.start(ctx)
	case !i.DryRun:
		i.sayNext()
	}
	return nil
}

// ready returns what is wrong with the config as Sluice's user sees it.
func (i *Installation) ready(ctx context.Context) error {
	if i.DryRun {
		return nil
	}
	_, err := i.Machine.Run(ctx, i.check(program, userName))
	if err == nil {
		return nil
	}
	next := "correct " + i.Config
	if strings.Contains(err.Error(), "permission denied") {
		next = "let the user " + userName + " read it: chgrp " + userName + " FILE; chmod 640 FILE"
	}
	return fmt.Errorf("%w\nSluice is installed, and was not started: %s, and run this again", err, next)
}

// start starts the service, and at each boot.
func (i *Installation) start(ctx context.Context) error {
	err := i.step("sluice.service", "enabled and started", func() error {
		_, err := i.Machine.Run(ctx, Command{Words: []string{"systemctl", "enable", "--now", "sluice.service"}})
		return err
	})
	if err != nil {
		return fmt.Errorf("%w\nwhy stands in: systemctl status sluice; journalctl -u sluice", err)
	}
	return nil
}

// renew brings a new version into force where one is running: by an upgrade,
// which nobody notices, or else by a restart.
func (i *Installation) renew(ctx context.Context) error {
	switch {
	case !i.newProgram && !i.newUnit:
		i.say("\nSluice is running, and there is nothing to do.")
		return nil
	case !i.Start && i.newProgram:
		i.say("\nThe version before is still running. To go over to this one without losing a request:\n  sudo %s upgrade%s", program, i.configFlag())
		return nil
	case !i.Start:
		i.say("\nThe unit has changed; that holds after: sudo systemctl restart sluice")
		return nil
	}
	if i.newProgram && !i.newUnit {
		upgrade := Command{Words: []string{program, "upgrade", "--config", i.Config}}
		if i.DryRun || i.Machine.ask(ctx, upgrade.Words...) {
			return i.step("sluice.service", "upgraded to this version", func() error { return nil })
		}
	}
	return i.step("sluice.service", "restarted", func() error {
		_, err := i.Machine.Run(ctx, Command{Words: []string{"systemctl", "restart", "sluice.service"}})
		return err
	})
}

// configFlag returns the flag for a config that is not where commands look.
func (i *Installation) configFlag() string {
	if i.Config == configDir+"/sluice.toml" {
		return ""
	}
	return " --config " + i.Config
}

// sayNext says what a person does now.
func (i *Installation) sayNext() {
	i.say(`
Sluice is installed, and not started yet. What to do now:
  1. Write your domain and your application's address into %s
  2. %s check%s
  3. sudo systemctl enable --now sluice`, i.Config, program, i.configFlag())
}

// otherwise says what to do without systemd.
func (i *Installation) otherwise() error {
	i.say(`
This machine has no systemd that could start Sluice. Let what starts services
here run this as the user %s, and again whenever it ends:
  %s run --config %s
docs/operations.md, "Without systemd", says what that has to look after.`, userName, program, i.Config)
	if i.Start {
		return errors.New("not started: there is no systemd here\nrun this without --start")
	}
	return nil
}
