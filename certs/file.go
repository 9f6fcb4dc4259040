package certs

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"time"
)

// DefaultInterval is how often a File looks at its files when its options do
// not say.
const DefaultInterval = 5 * time.Second

// FileOptions say where a File's certificate is and what it is for.
type FileOptions struct {
	Cert     string        // path of the PEM chain, leaf first
	Key      string        // path of the PEM private key; may be the same file
	Names    []string      // to serve it for; none: those the certificate carries
	Interval time.Duration // between two looks at the files; 0: DefaultInterval
}

// File is a Source of one certificate in two files, loaded again when they
// change. It polls: that notices atomic renames, swapped symbolic links
// (certbot, Kubernetes) and network file systems alike.
//
// A new content that cannot be used leaves the old certificate in place. It is
// told of once, at the second look that finds it, so that a renewal caught
// between the writing of the two files is no false alarm.
type File struct {
	options FileOptions // fixed after NewFile

	// looking is held by Check throughout, also while the disk keeps it
	// waiting, and guards what only Check needs.
	looking sync.Mutex
	loaded  [sha256.Size]byte // content of current
	seen    [sha256.Size]byte // content at the last look
	stamp   stamp             // of the files at the last reading

	// mu is never held while waiting. It guards what is asked for from outside;
	// to write that, both are held.
	mu       sync.Mutex
	current  Certificate
	failure  *LoadError // why seen could not be used; nil if it could
	failedAt time.Time
	told     bool // of failure
}

// NewFile loads the certificate; it starts nothing. The error is a *LoadError.
// The chain and the dates are not judged: Info's warnings do that.
func NewFile(o FileOptions, now time.Time) (*File, error) {
	if o.Interval <= 0 {
		o.Interval = DefaultInterval
	}
	o.Names = slices.Clone(o.Names)
	f := &File{options: o, stamp: stampOf(o, now)}
	content := readText(o)
	c, err := f.parse(content)
	if err != nil {
		return nil, err
	}
	f.current = c
	f.seen = content.sum()
	f.loaded = f.seen
	return f, nil
}

// Certificates is the one certificate last loaded.
func (f *File) Certificates() []Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	return []Certificate{f.current}
}

// Info describes the certificate that is served, and why a newer one is not.
func (f *File) Info(now time.Time) []Info {
	f.mu.Lock()
	defer f.mu.Unlock()
	return []Info{f.info(now)}
}

// Run looks at the files every interval until ctx ends; it returns nil.
func (f *File) Run(ctx context.Context, tell func(Event)) error {
	return poll(ctx, f.options.Interval, f.Check, tell)
}

// Check looks at the files once and takes over what changed. It reports whether
// there is an event to tell of. Run calls it; tests and commands may.
func (f *File) Check(now time.Time) (Event, bool) {
	f.looking.Lock()
	defer f.looking.Unlock()
	stamp := stampOf(f.options, now)
	if f.stamp.holds(stamp) {
		return f.seenAgain(now)
	}
	f.stamp = stamp // from before reading: a change meanwhile shows at the next look
	content := readText(f.options)
	sum := content.sum()
	if sum == f.seen {
		return f.seenAgain(now)
	}
	f.seen = sum
	c, err := f.parse(content)
	if err == nil {
		err = f.refuseExpired(c, now)
	}
	if err != nil {
		f.fail(err, now)
		return Event{}, false
	}
	return f.take(c, now)
}

// seenAgain tells of a failure that the last look found too.
func (f *File) seenAgain(now time.Time) (Event, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failure == nil || f.told {
		return Event{}, false
	}
	f.told = true
	return Event{News: NewsFailure, Info: f.info(now), Err: f.failure, Remedy: f.failure.Remedy}, true
}

// fail keeps a failure for the next look to tell of.
func (f *File) fail(err *LoadError, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failure, f.failedAt, f.told = err, now, false
}

// take makes c, of the content just seen, the certificate. The served content
// put back after a failure that nobody was told of is no news.
func (f *File) take(c Certificate, now time.Time) (Event, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	news := f.seen != f.loaded || f.told
	f.current, f.loaded = c, f.seen
	f.failure, f.failedAt, f.told = nil, time.Time{}, false
	return Event{News: NewsCertificate, Info: f.info(now)}, news
}

func (f *File) parse(content text) (Certificate, *LoadError) {
	if content.err != nil {
		return Certificate{}, content.err
	}
	c, err := parse(f.options, content.cert, content.key)
	if err != nil {
		return Certificate{}, err
	}
	names := namesOf(c.Leaf)
	if len(f.options.Names) > 0 {
		names = make([]string, len(f.options.Names))
		for i, name := range f.options.Names {
			names[i] = normalize(name)
		}
	}
	return Certificate{Names: names, TLS: c}, nil
}

// refuseExpired refuses to give up a certificate that is still good for one
// that is not, as when an old backup is put back.
func (f *File) refuseExpired(c Certificate, now time.Time) *LoadError {
	if end := c.TLS.Leaf.NotAfter; now.After(end) && !now.After(f.current.TLS.Leaf.NotAfter) {
		return &LoadError{f.options.Cert, fmt.Errorf("the new certificate expired on %s", stamped(end)),
			"put a certificate in place that is still valid"}
	}
	return nil
}

// info needs mu.
func (f *File) info(now time.Time) Info {
	i := describe("files "+f.options.Cert, f.current, now)
	if f.told {
		i.Failure, i.FailedAt, i.Remedy = f.failure.Error(), f.failedAt, f.failure.Remedy
	}
	return i
}
