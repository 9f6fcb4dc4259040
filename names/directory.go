package names

import (
	"context"
	"errors"
	"sync"
	"time"
)

// What Options leave out.
const (
	DefaultFloor       = 5 * time.Second
	DefaultCeiling     = 5 * time.Minute
	DefaultTimeout     = 4 * time.Second // four tries of DefaultTry
	DefaultMaxInFlight = 8
	DefaultBudget      = 20
)

// readyWait is the longest that Ready waits.
const readyWait = 2 * time.Second

// Options say how a Directory works. Zero values mean the defaults.
type Options struct {
	// Ask asks a resolver; nil: that of a zero Resolver. It must heed ctx, may
	// be called MaxInFlight times at once, and tells that there is nothing by a
	// *net.DNSError with IsNotFound.
	Ask func(context.Context, Question) (Answer, error)
	// StateDir is where answers are stored, in the folder "names"; "": nowhere.
	StateDir string
	// Floor and Ceiling bound the TTL.
	Floor, Ceiling time.Duration
	// Timeout bounds one call of Ask. It leaves room for a second and third
	// name server after a dead one, and nobody waits for it.
	Timeout time.Duration
	// MaxInFlight bounds the calls of Ask at a time.
	MaxInFlight int
	// Budget is how many queries a second all names may make together; twice
	// as many may be saved up.
	Budget float64
	// Notify hears of all that happens, after it has happened. It is called
	// from the Directory's goroutines and from those that call Follow and
	// Watch, several at a time, with no lock held. It may be nil.
	Notify func(Event)
}

// Directory owns all names and watched files of the process. All methods may
// be called from any goroutine, except Run, which is called once.
type Directory struct {
	// Fixed after New.
	options Options
	store   store
	kick    chan struct{} // holds a token when a question may have become due
	dirty   chan struct{} // holds a token when there may be something to store

	mu      sync.Mutex
	entries map[Query]*entry    // guarded by mu
	facts   map[Question]*fact  // guarded by mu
	files   map[string]*watched // guarded by mu
	budget  bucket              // guarded by mu
	stirred chan struct{}       // guarded by mu; closed and replaced after each answer
	counts  counts              // guarded by mu
}

// New returns a Directory that follows nothing. It starts nothing.
func New(o Options) *Directory {
	if o.Ask == nil {
		o.Ask = (&Resolver{}).Ask
	}
	if o.Notify == nil {
		o.Notify = func(Event) {}
	}
	o.Floor = max(or(o.Floor, DefaultFloor), askGap)
	o.Ceiling = max(or(o.Ceiling, DefaultCeiling), o.Floor)
	o.Timeout = or(o.Timeout, DefaultTimeout)
	o.MaxInFlight = or(o.MaxInFlight, DefaultMaxInFlight)
	o.Budget = or(o.Budget, DefaultBudget)
	return &Directory{
		options: o,
		store:   store{o.StateDir},
		kick:    make(chan struct{}, 1),
		dirty:   make(chan struct{}, 1),
		entries: map[Query]*entry{},
		facts:   map[Question]*fact{},
		files:   map[string]*watched{},
		budget:  newBucket(o.Budget, time.Now()),
		stirred: make(chan struct{}),
	}
}

// or returns v, or what stands in for it when it says nothing sensible.
func or[T int | float64 | time.Duration](v, standIn T) T {
	if v <= 0 {
		return standIn
	}
	return v
}

// Follow has a name looked up from now on, as long as Run runs. A stored
// answer is there at once. changed is called after each change of what Current
// gives, one call at a time, from a goroutine that must not be kept waiting,
// maybe before Follow has returned. It has no argument so that a late caller
// cannot put an early answer back: who takes a lock of its own around Current
// has the newest last.
func (d *Directory) Follow(q Query, changed func()) *Name {
	q = q.normal()
	n := &Name{directory: d, changed: changed}
	if d.join(n, q) {
		return n
	}
	stored, at, err := d.store.load(q) // without the lock: the disk may be slow
	if first, made := d.add(n, q, stored, at); made {
		d.tellFirst(first, err)
		d.wake()
		signal(d.dirty)
	}
	return n
}

// join has n follow the entry of q, if there is one.
func (d *Directory) join(n *Name, q Query) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.joined(n, q)
}

// joined is join for who holds mu.
func (d *Directory) joined(n *Name, q Query) bool {
	e := d.entries[q]
	if e == nil {
		return false
	}
	n.entry = e
	e.followers[n] = struct{}{}
	return true
}

// tellFirst tells where a name leads before it was asked for, and of a stored
// answer that cannot be read.
func (d *Directory) tellFirst(e Event, err error) {
	if err != nil {
		damaged := e
		damaged.News, damaged.Err = NewsDamaged, err
		d.options.Notify(damaged)
	}
	if len(e.Addresses) > 0 {
		d.options.Notify(e)
	}
}

// add makes the entry of q for n, with what was stored, unless another has made
// it meanwhile.
func (d *Directory) add(n *Name, q Query, stored []Address, at time.Time) (first Event, made bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.joined(n, q) {
		return Event{}, false
	}
	e := &entry{query: q, followers: map[*Name]struct{}{}, facts: map[Question]*fact{}, moved: time.Now()}
	d.entries[q] = e
	d.joined(n, q)
	d.rewire(e)
	if f := e.facts[Question{q.Host, TypeSRV}]; f != nil && f.unknown() {
		f.known.Services = recalledServices(stored)
		d.rewire(e)
	}
	e.recall(stored)
	e.addresses = e.compose() // what others have learned of the same host is newer
	e.stored, e.storedAt, e.confirmed = stored, at, at
	if len(stored) == 0 {
		return e.event(NewsMoved, e.moved, nil), true
	}
	return e.event(NewsStored, at, nil), true
}

// drop forgets the entry that nobody follows any more. The caller holds mu.
func (d *Directory) drop(e *entry) {
	delete(d.entries, e.query)
	for _, f := range e.facts {
		d.release(e, f)
	}
}

// rewire gives the entry the facts that it needs now. The caller holds mu.
func (d *Directory) rewire(e *entry) {
	needed := map[Question]*fact{}
	for _, q := range e.questions() {
		f := d.facts[q]
		if f == nil {
			f = &fact{question: q, users: map[*entry]struct{}{}}
			d.facts[q] = f
		}
		f.users[e] = struct{}{}
		needed[q] = f
	}
	for q, f := range e.facts {
		if needed[q] == nil {
			d.release(e, f)
		}
	}
	e.facts = needed
}

// release ends the entry's use of a fact. The caller holds mu.
func (d *Directory) release(e *entry, f *fact) {
	delete(f.users, e)
	if len(f.users) == 0 {
		delete(d.facts, f.question)
	}
}

// wake has Run look what is due.
func (d *Directory) wake() { signal(d.kick) }

// signal puts a token into a channel that holds one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run keeps all that is followed up to date until ctx ends. It owns all
// goroutines and returns when the last one has ended; the error is nil.
func (d *Directory) Run(ctx context.Context) error {
	storing, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() { d.keepStored(storing) })
	wg.Go(func() { d.keepWatch(ctx) })
	d.keepAsking(ctx)
	stop() // what was learned last is stored before Run returns
	wg.Wait()
	return nil
}

// Ready waits until every name that is followed leads somewhere, or has failed
// once, but never longer than 2 s: with a stored answer for each it does not
// wait at all. Run has to be running. The error names all Sources that lead
// nowhere, and why; their Pools start degraded.
func (d *Directory) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWait)
	defer cancel()
	for {
		settled, stirred := d.settled()
		if settled {
			return d.astray()
		}
		select {
		case <-stirred:
		case <-ctx.Done():
			return d.astray()
		}
	}
}

// settled reports whether Ready need not wait; otherwise stirred is closed
// after the next answer.
func (d *Directory) settled() (yes bool, stirred chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.entries {
		if !e.settled() {
			return false, d.stirred
		}
	}
	return true, nil
}

// astray says of all Sources that lead nowhere why.
func (d *Directory) astray() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []error
	for _, e := range d.sortedEntries() {
		if _, err := e.current(); err != nil {
			all = append(all, err)
		}
	}
	for _, w := range d.sortedFiles() {
		if _, err := w.current(); err != nil {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}
