package certs

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// lookEvery is the longest time between two looks at what is due. It is
	// short beside all pauses, since a timer stands still while the machine
	// sleeps.
	lookEvery = time.Minute

	// followEvery is how often a process that does not order looks whether
	// another has obtained something, or has ended.
	followEvery = 5 * time.Second

	// alarmEvery is how often a trouble that lasts is told of again.
	alarmEvery = time.Hour

	// postponement is how long an order waits that is not urgent while the
	// disk would not take its certificate.
	postponement = 10 * time.Minute

	// urgent is the rest of a certificate's life at which it is ordered also
	// if it can be kept in memory only.
	urgent = 24 * time.Hour

	askTimeout   = 30 * time.Second
	askAfterFail = time.Hour
)

// managing is one call of Managed.Run. All its fields belong to that goroutine.
type managing struct {
	*Managed
	tell     func(Event)
	outcomes chan outcome // of orders; each is received exactly once
	answers  chan answer  // of questions when to renew; likewise

	lock      *lock // nil: not ours, or there is no disk to have it on
	following bool  // another process has it, and that was told
	orders    int   // under way
	asks      int   // under way
	alarmed   time.Time
}

// outcome is what came of an order.
type outcome struct {
	s   *subject
	a   Authority
	pem []byte
	err error
}

// answer is when a CA wishes a certificate to be renewed.
type answer struct {
	s    *subject
	leaf *x509.Certificate
	info RenewalInfo
	err  error
}

func (r *managing) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(r.step(ctx, time.Now()))
		select {
		case <-ctx.Done():
			r.end(ctx)
			return nil
		case o := <-r.outcomes:
			r.settle(ctx, o)
		case a := <-r.answers:
			r.heed(a)
		case <-r.wake:
		case <-timer.C:
		}
	}
}

// end waits for what is under way, and gives the lock back.
func (r *managing) end(ctx context.Context) {
	for r.orders+r.asks > 0 {
		select {
		case o := <-r.outcomes:
			r.settle(ctx, o)
		case a := <-r.answers:
			r.heed(a)
		}
	}
	r.options.Vault.Save()
	if r.lock != nil {
		r.lock.release()
	}
}

// step does what is due and returns how long nothing else will be.
func (r *managing) step(ctx context.Context, now time.Time) time.Duration {
	if ctx.Err() != nil {
		return lookEvery // run sees it
	}
	if !r.mayOrder(now) {
		r.follow(now)
		return followEvery
	}
	if _, err := r.options.Vault.Failure(); err != nil {
		r.options.Vault.Save()
	}
	r.alarm(now)
	wait := lookEvery
	for _, s := range r.subjects {
		wait = min(wait, r.advance(ctx, s, now))
	}
	return max(wait, 0)
}

// advance begins what is due for s and returns when to look again.
func (r *managing) advance(ctx context.Context, s *subject, now time.Time) time.Duration {
	due, wait := r.look(ctx, s, now)
	if due {
		r.begin(ctx, s, now)
	}
	return wait
}

// look reports whether an order for s is to begin now, and when to look again.
func (r *managing) look(ctx context.Context, s *subject, now time.Time) (due bool, wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.busy {
		return false, lookEvery
	}
	at := r.due(s, now)
	if s.postponed.After(at) {
		at = s.postponed
	}
	if at.After(now) {
		r.ask(ctx, s, now)
		return false, at.Sub(now)
	}
	return r.orders < r.options.Parallel, lookEvery // an outcome comes first
}

// mayOrder takes the lock if need be, and reports whether we are the one to
// order. Without a disk that takes a lock there is nobody to share it with:
// then we do.
func (r *managing) mayOrder(now time.Time) bool {
	if r.lock != nil {
		return true
	}
	l, err := acquire(r.options.Vault.dir)
	if errors.Is(err, errLocked) {
		r.mu.Lock()
		r.holder = err
		r.mu.Unlock()
		return false
	}
	r.mu.Lock()
	r.holder = nil
	r.mu.Unlock()
	if err == nil {
		r.takeOver(l, now)
	}
	return true
}

// takeOver begins to order: what another process has left is the state of
// things.
func (r *managing) takeOver(l *lock, now time.Time) {
	r.lock = l
	r.follow(now)
	r.mu.Lock()
	for _, s := range r.subjects {
		if !s.busy {
			s.record.resume(now)
		}
	}
	r.mu.Unlock()
	if r.following {
		r.following = false
		r.tell(Event{News: NewsTakenOver})
	}
}

// follow takes over what another process has put into the Vault.
func (r *managing) follow(now time.Time) {
	var events []Event
	for _, s := range r.subjects {
		text, noRecord := r.options.Vault.Get(recordKey(s.Name))
		pem, noPEM := r.options.Vault.Get(certificateKey(s.Name))
		r.mu.Lock()
		if noRecord == nil && !s.busy {
			s.record, _ = parseRecord(s.Name, text)
		}
		if noPEM == nil && s.take(pem) {
			events = append(events, Event{News: NewsCertificate, Info: r.info(s, now)})
		}
		r.mu.Unlock()
	}
	r.mu.Lock()
	holder := r.holder
	r.mu.Unlock()
	if holder != nil && !r.following {
		r.following = true
		events = append(events, Event{News: NewsFollowing, Err: holder})
	}
	for _, e := range events {
		r.tell(e)
	}
}

// alarm tells that the disk does not take what it should keep, and when it
// does again.
func (r *managing) alarm(now time.Time) {
	since, err := r.options.Vault.Failure()
	switch {
	case err == nil && !r.alarmed.IsZero():
		r.alarmed = time.Time{}
		r.tell(Event{News: NewsStored})
	case err != nil && now.Sub(r.alarmed) >= alarmEvery:
		r.alarmed = now
		r.tell(Event{
			News: NewsUnstored, Err: fmt.Errorf("since %s: %w", stamped(since), err),
			Remedy: "free space or repair the disk of server.state_dir; certificates that are in memory only are lost at a restart",
		})
	}
}

// begin orders a certificate for s.
func (r *managing) begin(ctx context.Context, s *subject, now time.Time) {
	r.mu.Lock()
	authority, _ := s.authority(now)
	before := s.record
	o := s.order(authority, now)
	text := s.record.text()
	mayWait := s.current != nil && s.current.Leaf.NotAfter.Sub(now) > urgent
	s.busy = true // whoever looks does not wait for the disk
	r.mu.Unlock()

	v := r.options.Vault
	o.Unfinished = r.unfinished(s.Name)
	// On disk before the CA hears of it; and what cannot be kept is not ordered
	// while there is another way.
	v.Put(recordKey(s.Name), text)
	refused := v.Probe() != nil && mayWait
	r.mu.Lock()
	defer r.mu.Unlock()
	if refused {
		s.busy, s.record, s.postponed = false, before, now.Add(postponement)
		return
	}
	o.Keep = func(b []byte) { v.Put(orderKey(o.Name), b) }
	s.forced = false
	r.orders++
	go func() { // received by run or end
		pem, err := authority.Obtain(ctx, o)
		r.outcomes <- outcome{s, authority, pem, err}
	}()
}

// order returns what is to be ordered for s, and notes in its record that this
// begins. It needs mu.
func (s *subject) order(a Authority, now time.Time) Order {
	s.record.begin(now)
	o := Order{Name: s.Name}
	if s.current == nil {
		return o
	}
	leaf := s.current.Leaf
	if s.record.Directory == a.Directory() {
		o.Replaces = leaf
	}
	if wish := s.wish(); !s.forced && !wish.IsZero() && !now.Before(wish) && now.Before(renewalOf(leaf)) {
		s.record.RenewedByCA = now
	}
	return o
}

// settle notes what came of an order, and tells of it.
func (r *managing) settle(ctx context.Context, o outcome) {
	now := time.Now()
	r.orders--
	c, err := parseObtained(o.s.Name, o.pem)
	switch {
	case o.err != nil:
		err = o.err
	case err != nil:
		err = &OrderError{Directory: o.a.Directory(), Step: "read what was obtained", Cause: err}
	}
	r.mu.Lock()
	s := o.s
	s.busy = false
	e := Event{News: NewsCertificate}
	if err == nil {
		s.record.obtained(o.a.Directory(), now)
		s.pem, s.current, s.standIn = o.pem, c, nil
	} else if failure := orderError(o.a, err); ctx.Err() != nil && failure.Invalid == 0 {
		s.record.stopped()
		e.News = NewsNothing
	} else {
		s.record.failed(failure, now)
		e = Event{News: NewsFailure, Err: failure, Remedy: failure.Remedy}
	}
	e.Info = r.info(s, now)
	text := s.record.text()
	r.mu.Unlock()

	v := r.options.Vault
	if err == nil {
		v.Put(certificateKey(s.Name), o.pem)
		v.Delete(orderKey(s.Name))
	}
	v.Put(recordKey(s.Name), text)
	if e.News != NewsNothing {
		r.tell(e)
	}
	r.alarm(now)
}

// ask asks the CA when s should be renewed, if it is time to. It needs mu.
func (r *managing) ask(ctx context.Context, s *subject, now time.Time) {
	if s.current == nil || s.asking || r.asks >= r.options.Parallel {
		return
	}
	leaf := s.current.Leaf
	known := s.record.AskedAbout == serialOf(leaf)
	if known && now.Before(s.record.AskAgain) || now.After(leaf.NotAfter) {
		return
	}
	i := slices.IndexFunc(s.Authorities, func(a Authority) bool { return a.Directory() == s.record.Directory })
	if i < 0 {
		return
	}
	authority := s.Authorities[i]
	s.asking = true
	r.asks++
	go func() { // received by run or end
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		info, err := authority.RenewalInfo(ctx, leaf)
		r.answers <- answer{s, leaf, info, err}
	}()
}

// heed notes a CA's wish. Not to get an answer is no failure: our own time for
// renewal holds.
func (r *managing) heed(a answer) {
	now := time.Now()
	r.asks--
	r.mu.Lock()
	s := a.s
	s.asking = false
	if s.current == nil || s.current.Leaf != a.leaf {
		r.mu.Unlock()
		return
	}
	serial := serialOf(a.leaf)
	if s.record.AskedAbout != serial {
		s.record.AskedAbout, s.record.RenewAt, s.record.RenewWhy = serial, time.Time{}, ""
	}
	s.record.AskAgain = now.Add(askAfterFail)
	wish := s.record.RenewAt
	if a.err == nil {
		s.record.RenewAt, s.record.RenewWhy = a.info.wish(a.leaf), a.info.Explanation
		s.record.AskAgain = now.Add(a.info.askAgain())
	}
	text, news := s.record.text(), !s.record.RenewAt.Equal(wish)
	r.mu.Unlock()
	if news {
		r.options.Vault.Put(recordKey(s.Name), text)
	}
}
