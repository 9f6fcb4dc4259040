package handover

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Watchdog feeds the service manager's watchdog as long as the data path
// answers. When it does not for as long as Period the manager ends the process
// and starts another one.
//
// A data path that has never answered proves nothing but that this machine
// cannot reach itself (a packet filter, say), and starting anew would change
// nothing. It is fed then.
type Watchdog struct {
	// Period is Manager.Watchdog, more than 0.
	Period time.Duration
	// Ask returns why the data path does not answer, nil if it does. It returns
	// soon after its context has ended.
	Ask func(context.Context) error
	// Feed tells the manager that we live. Telling of its failures is its own
	// business.
	Feed func()
	// Changed is told when the data path stops answering, with the reason, and
	// with nil when it answers again. starved: it is not fed from now on.
	Changed func(why error, starved bool)
}

// turns is how many times in a Period the data path is asked, and each has so
// long to be answered: one slow answer is no reason to be killed. From one feed
// to the next it is two turns at most, as sd_watchdog_enabled(3) asks for.
const turns = 4

// Run asks and feeds until ctx ends. It is called once.
func (w *Watchdog) Run(ctx context.Context) {
	turn := time.NewTicker(max(w.Period/turns, 1))
	defer turn.Stop()
	answered, failing := false, false
	for {
		why := w.ask(ctx)
		if ctx.Err() != nil {
			return
		}
		if why == nil {
			answered = true
		}
		if failed := why != nil; failed != failing {
			failing = failed
			w.Changed(why, answered)
		}
		if why == nil || !answered {
			w.Feed()
		}
		select {
		case <-ctx.Done():
			return
		case <-turn.C:
		}
	}
}

// ask asks once.
func (w *Watchdog) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, w.Period/turns)
	defer cancel()
	return w.Ask(ctx)
}

// watchdogPeriod reads WATCHDOG_USEC and WATCHDOG_PID.
func watchdogPeriod(env map[string]string) (time.Duration, error) {
	text, there := env["WATCHDOG_USEC"]
	if !there {
		return 0, nil
	}
	if mine, err := ours(env, "WATCHDOG_PID"); err != nil || !mine {
		return 0, err
	}
	usec, err := strconv.ParseUint(text, 10, 64)
	const most = uint64(1<<63-1) / uint64(time.Microsecond)
	if err != nil || usec == 0 || usec > most {
		return 0, fmt.Errorf("WATCHDOG_USEC: %q is not a time in microseconds", shorten(text))
	}
	return time.Duration(usec) * time.Microsecond, nil
}
