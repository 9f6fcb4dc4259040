package install

import (
	"context"
	"errors"
	"os/exec"

	"sluice/deploy"
)

// isMissing reports whether there is no such program.
func isMissing(err error) bool { return errors.Is(err, exec.ErrNotFound) }

// account makes Sluice's user.
func (i *Installation) account(ctx context.Context) error {
	m := i.Machine
	if m.Run == nil {
		return nil
	}
	if _, _, err := m.Account(userName); err == nil {
		return nil
	}
	return i.step("user "+userName, "created", func() error { return m.createAccount(ctx) })
}

// createAccount creates it by what the machine has for that.
func (m Machine) createAccount(ctx context.Context) error {
	_, err := m.Run(ctx, Command{Words: []string{"systemd-sysusers", "--inline", accountLine()}})
	if err == nil {
		_, _, err = m.Account(userName)
	}
	if err == nil {
		return nil
	}
	// systemd-sysusers is not there, or too old to know "--inline".
	_, err = m.Run(ctx, Command{Words: []string{"useradd", "--system", "--user-group", "--home-dir", stateDir,
		"--no-create-home", "--shell", "/usr/sbin/nologin", userName}})
	if !isMissing(err) {
		return err
	}
	// BusyBox has neither.
	m.ask(ctx, "addgroup", "-S", userName)
	_, err = m.Run(ctx, Command{Words: []string{"adduser", "-S", "-D", "-H", "-h", stateDir, "-s", "/sbin/nologin", "-G", userName, userName}})
	return err
}

// accountLine returns the line of deploy.Account that is not a remark.
func accountLine() string {
	for line := range lines(deploy.Account) {
		return line
	}
	return ""
}

// removeAccount removes the user, and its group where that outlives it.
func (m Machine) removeAccount(ctx context.Context) error {
	_, err := m.Run(ctx, Command{Words: []string{"userdel", userName}})
	if isMissing(err) {
		_, err = m.Run(ctx, Command{Words: []string{"deluser", userName}})
	}
	if err != nil {
		return err
	}
	if m.ask(ctx, "getent", "group", userName) {
		m.ask(ctx, "groupdel", userName) // a group alone does no harm
	}
	return nil
}
