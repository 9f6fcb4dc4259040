package install

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// setAside ends the name of a file that nobody is to read any more. It is one
// that logrotate knows: it would read any other.
const setAside = ".disabled"

// Uninstall stops Sluice and removes what Install has written. The config,
// certificates, logs and the user stay, unless all is to be purged.
func (i *Installation) Uninstall(ctx context.Context, purge bool) error {
	m := i.Machine
	packaged := m.exists(packageProgram) && m.exists(packageUnit)
	switch {
	case m.Run != nil && m.UID != 0 && !i.DryRun:
		return i.needsRoot("uninstall")
	case purge && packaged:
		return fmt.Errorf("the config and the state are those of a package (%s)\nlet the package manager purge it: apt purge sluice", packageProgram)
	}
	if !packaged {
		if err := i.stop(ctx); err != nil {
			return err
		}
	}
	for _, remove := range []func(context.Context) error{i.removeFiles, i.removeProgram, i.forget} {
		if err := remove(ctx); err != nil {
			return err
		}
	}
	switch {
	case purge:
		return i.purge(ctx)
	case i.done == 0 && !i.DryRun:
		i.say("Nothing of \"sluice install\" is on this machine.")
	}
	for _, path := range []string{configDir, stateDir, logDir} {
		if m.exists(path) {
			i.say("%s: stays (--purge removes it)", path)
		}
	}
	return nil
}

// stop stops the service, and the sockets that would start it again.
func (i *Installation) stop(ctx context.Context) error {
	m := i.Machine
	if !m.systemd() {
		return nil
	}
	for _, unit := range []string{"sluice-http.socket", "sluice-https.socket", "sluice.service"} {
		if !m.exists(filepath.Join(filepath.Dir(unitFile), unit)) {
			continue
		}
		err := i.step(unit, "stopped and disabled", func() error {
			_, err := m.Run(ctx, Command{Words: []string{"systemctl", "disable", "--now", unit}})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// removeFiles removes the files that Install wrote. One that was changed by hand
// is of no use without the program either; its changes are in no other place, so
// it stays under another name.
func (i *Installation) removeFiles(context.Context) error {
	m := i.Machine
	for _, f := range i.ownFiles() {
		text, there, err := m.read(f.path)
		if err != nil {
			return i.step(f.path, "read", func() error { return err })
		}
		if !there {
			continue
		}
		switch originOf(text) {
		case ours:
			err = i.step(f.path, "removed", func() error { return os.Remove(m.at(f.path)) })
			i.newUnit = i.newUnit || f.path == unitFile
		case changed:
			err = i.step(f.path, "moved to "+f.path+setAside+", because it was changed by hand", func() error {
				return os.Rename(m.at(f.path), m.at(f.path+setAside))
			})
			i.newUnit = i.newUnit || f.path == unitFile
		case foreign:
			i.say("%s: is not of \"sluice install\", and stays", f.path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// removeProgram removes the program.
func (i *Installation) removeProgram(context.Context) error {
	m := i.Machine
	switch {
	case !m.exists(program):
		return nil
	case !m.isSluice(program):
		i.say("%s: is another program, and stays", program)
		return nil
	}
	return i.step(program, "removed", func() error { return os.Remove(m.at(program)) })
}

// forget has systemd see that the unit is gone.
func (i *Installation) forget(ctx context.Context) error {
	m := i.Machine
	if !m.systemd() || !i.newUnit {
		return nil
	}
	return i.step("systemd", "told of that", func() error {
		_, err := m.Run(ctx, Command{Words: []string{"systemctl", "daemon-reload"}})
		return err
	})
}

// purge removes what else there is of Sluice.
func (i *Installation) purge(ctx context.Context) error {
	m := i.Machine
	for _, path := range Purged() {
		if !m.exists(path) {
			continue
		}
		if err := i.step(path, "removed", func() error { return os.RemoveAll(m.at(path)) }); err != nil {
			return err
		}
	}
	if m.Run == nil {
		return nil
	}
	if _, _, err := m.Account(userName); err != nil {
		return nil // there is none
	}
	return i.step("user "+userName, "removed", func() error { return m.removeAccount(ctx) })
}

// Purged returns what is removed only when all is to be purged.
func Purged() []string { return []string{configDir, stateDir, logDir} }
