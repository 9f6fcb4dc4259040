package handover

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// variables are all that a service manager tells us by. LISTEN_PIDFDID is not
// read; a child of ours must not see it either.
var variables = [...]string{
	"NOTIFY_SOCKET",
	"WATCHDOG_USEC", "WATCHDOG_PID",
	"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_PIDFDID",
	variableSuccessor,
}

// Manager is the service manager that has started this process. The zero
// Manager is that of a process which a person has started: there is none.
type Manager struct {
	// Notifier tells it what we do.
	Notifier Notifier
	// Watchdog is how long it waits for a sign of life before it takes us for
	// dead; 0: for ever.
	Watchdog time.Duration
	// Sockets are those that it, or a Predecessor, has bound for us; nil: none.
	Sockets *Sockets
	// Predecessor is the process that we are to take over from; nil: there is
	// none.
	Predecessor *Predecessor
	// Program is how to start this process anew.
	Program Program

	followed bool // by its PID: who has started it lives by it
}

// firstSocket is the descriptor of the first socket that is passed to us
// (SD_LISTEN_FDS_START).
const firstSocket = 3

// Inherit reads what the service manager has told us in the environment, and
// removes it from there. It is called once, by main, before anything opens
// descriptors of its own.
//
// What is meant for another process, by its PID, is no error and is ignored.
// The error says what cannot be understood or used; what could be is in the
// Manager all the same, so that a caller may go on without the rest.
func Inherit() (Manager, error) { return inherit(firstSocket) }

// inherit is Inherit with sockets from another descriptor on.
func inherit(first int) (Manager, error) {
	env := takeVariables()
	notifier, err := newNotifier(env["NOTIFY_SOCKET"])
	m := Manager{Notifier: notifier, Program: thisProgram()}
	var failed error
	m.Watchdog, failed = watchdogPeriod(env)
	err = errors.Join(err, failed)
	if _, succeeds := env[variableSuccessor]; succeeds {
		m.Predecessor, m.Sockets, failed = takePredecessor(env)
	} else {
		m.Sockets, failed = takeSockets(env, first)
	}
	m.followed = m.Predecessor == nil && !notifier.On() && startedByInit()
	return m, errors.Join(err, failed)
}

// takeVariables returns our variables and removes them from the environment.
func takeVariables() map[string]string {
	values := make(map[string]string, len(variables))
	for _, name := range variables {
		if value := os.Getenv(name); value != "" {
			values[name] = value
		}
		os.Unsetenv(name) // fails for names only that no variable can have
	}
	return values
}

// ours reports whether the variable that names a process means this one. One
// that is not there means whoever reads it.
func ours(env map[string]string, variable string) (bool, error) {
	text, there := env[variable]
	if !there {
		return true, nil
	}
	pid, err := strconv.Atoi(text)
	if err != nil || pid <= 0 {
		return false, fmt.Errorf("%s: %q is not a process", variable, shorten(text))
	}
	return pid == os.Getpid(), nil
}

// shorten bounds what an error repeats.
func shorten(text string) string {
	const most = 40
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}
