package certs

import (
	"fmt"
	"strings"
	"time"
)

const (
	// watchEvery is how often all certificates are looked at.
	watchEvery = 10 * time.Minute

	// A certificate that ends soon is told of once a day, one that has ended
	// every hour: whoever reads the log late still reads of it.
	tellExpiring = 24 * time.Hour
	tellExpired  = time.Hour
)

// watch notices certificates that should have been replaced long since, wherever
// they come from, and those that clients will refuse: the last guard when
// whoever should renew them has failed in silence.
type watch struct {
	told  map[string]time.Time // when each certificate's end was told of last
	unfit map[string]bool      // whose warnings were told of
}

func newWatch() *watch {
	return &watch{told: make(map[string]time.Time), unfit: make(map[string]bool)}
}

// look returns what there is to tell of at now.
func (w *watch) look(infos []Info, now time.Time) []Event {
	var events []Event
	there := make(map[string]bool, len(infos))
	for _, i := range infos {
		if i.NotAfter.IsZero() {
			continue
		}
		id := fmt.Sprint(i.Source, i.Names, i.NotBefore.Unix(), i.NotAfter.Unix())
		there[id] = true
		if i.Expiring(now) && now.Sub(w.told[id]) >= w.pause(i, now) {
			w.told[id] = now
			events = append(events, expiring(i, now))
		}
		if unfit := i.unfit(now); len(unfit) > 0 && !w.unfit[id] {
			w.unfit[id] = true
			events = append(events, Event{News: NewsUnfit, Info: i, Err: fmt.Errorf("%s", strings.Join(unfit, "; "))})
		}
	}
	for id := range w.told {
		if !there[id] {
			delete(w.told, id)
		}
	}
	for id := range w.unfit {
		if !there[id] {
			delete(w.unfit, id)
		}
	}
	return events
}

func (w *watch) pause(i Info, now time.Time) time.Duration {
	if i.Expired(now) {
		return tellExpired
	}
	return tellExpiring
}

func expiring(i Info, now time.Time) Event {
	e := Event{News: NewsExpiring, Info: i, Err: fmt.Errorf("expires on %s", stamped(i.NotAfter)), Remedy: i.Remedy}
	if i.Expired(now) {
		e.Err = fmt.Errorf("expired on %s, and is served still: clients refuse it", stamped(i.NotAfter))
	}
	if i.Failure != "" {
		e.Err = fmt.Errorf("%w; the last try to renew it failed: %s", e.Err, i.Failure)
	}
	if e.Remedy == "" {
		e.Remedy = "renew it; sluice certs shows where it comes from"
	}
	return e
}
