package names

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// simulation is a resolver with moods, and a model of what it has said.
type simulation struct {
	t    *testing.T
	mu   sync.Mutex
	dice *rand.Rand

	asked   []time.Time               // all questions
	last    map[Question]*simQuestion // by question
	flying  int
	trouble bool // the resolver is ill for a while
}

// simQuestion is the model of one question.
type simQuestion struct {
	asked   time.Time
	ended   time.Time
	wait    time.Duration // the least until it may be asked again
	longest time.Duration // and the most
	wanted  bool          // since it was asked
	said    bool          // it was answered well at least once
	missing int           // answers that there is nothing, in a row
	lost    time.Time     // the first of them
	gone    bool          // these were enough, and no good answer has come since
}

func (s *simulation) question(q Question) *simQuestion {
	if s.last[q] == nil {
		s.last[q] = &simQuestion{}
	}
	return s.last[q]
}

// Ask checks when it is asked, and answers by its mood.
func (s *simulation) Ask(ctx context.Context, q Question) (Answer, error) {
	now := time.Now()
	s.mu.Lock()
	m := s.question(q)
	if !m.asked.IsZero() {
		if gap := now.Sub(m.asked); gap < time.Second {
			s.t.Errorf("%v asked again after %v", q, gap)
		}
		if gap := now.Sub(m.ended); gap < m.wait && !m.wanted {
			s.t.Errorf("%v asked again after %v, before %v", q, gap, m.wait)
		} else if gap > m.longest+5*time.Second {
			s.t.Errorf("%v asked again after %v, after more than %v", q, gap, m.longest)
		}
	}
	m.asked, m.wanted = now, false
	s.asked = append(s.asked, now)
	if s.flying++; s.flying > DefaultMaxInFlight {
		s.t.Errorf("%d questions under way", s.flying)
	}
	delay := time.Duration(s.dice.ExpFloat64() * float64(30*time.Millisecond))
	roll, trouble := s.dice.IntN(100), s.trouble
	ttl := time.Duration(s.dice.IntN(600)) * time.Second
	addr := netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + s.dice.IntN(3))})
	s.mu.Unlock()

	if trouble && roll < 30 {
		delay = time.Hour
	}
	select {
	case <-time.After(delay):
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flying--
	m.ended = time.Now()
	m.wait, m.longest = time.Second, maxRetry
	switch {
	case ctx.Err() != nil:
		m.missing = 0
		return Answer{}, ctx.Err()
	case trouble && roll < 60:
		m.missing = 0
		return Answer{}, servfail
	case trouble && roll < 65:
		m.missing = 0
		return Answer{Addrs: []netip.Addr{netip.IPv4Unspecified()}}, nil
	case trouble && roll < 95, q.Type == TypeAAAA && roll < 50:
		if m.missing == 0 {
			m.lost = m.ended
		}
		m.missing++
		m.gone = m.gone || m.missing >= 3 && m.ended.Sub(m.lost) >= time.Minute
		m.longest = DefaultCeiling * 11 / 10
		return Answer{}, nxdomain
	}
	m.said, m.missing, m.gone = true, 0, false
	m.wait = min(max(ttl, DefaultFloor), DefaultCeiling)
	m.longest = m.wait * 11 / 10
	if q.Type == TypeAAAA {
		addr = netip.AddrFrom16(netip.MustParseAddr("2001:db8::").As16()).Next()
	}
	return Answer{Addrs: []netip.Addr{addr}, TTL: ttl, Queries: 1}, nil
}

// mayBeEmpty reports whether a host may lead nowhere: it has never been
// answered, or "NXDOMAIN must repeat (>= 3 answers in a row over >= 60 s)".
func (s *simulation) mayBeEmpty(host string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	never, gone := true, true
	for _, q := range hostQuestions(host) {
		m := s.question(q)
		never = never && !m.said
		gone = gone && m.gone
	}
	return never || gone
}

// want notes that the host's questions may be asked early.
func (s *simulation) want(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range hostQuestions(host) {
		s.question(q).wanted = true
	}
}

// checkBudget looks at all windows of time that begin with a question.
func (s *simulation) checkBudget(budget int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, window := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
		most := int(window.Seconds())*budget + 2*budget + 1
		from := 0
		for i, at := range s.asked {
			for at.Sub(s.asked[from]) > window {
				from++
			}
			if n := i - from + 1; n > most {
				s.t.Fatalf("%d questions within %v, budget %d/s", n, window, budget)
			}
		}
	}
}

// Hours of a resolver that is ill now and then in every way. What must hold
// holds at every second.
func TestSimulationOfAResolverOverHours(t *testing.T) {
	for range 4 {
		seed := rand.Uint64()
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { simulate(t, seed) })
		})
	}
}

func simulate(t *testing.T, seed uint64) {
	const budget, hosts, hours = 5, 12, 3
	t.Logf("seed %d", seed)
	s := &simulation{t: t, dice: rand.New(rand.NewPCG(seed, 1)), last: map[Question]*simQuestion{}}
	moves := rand.New(rand.NewPCG(seed, 2))
	d := New(Options{Ask: s.Ask, Budget: budget})
	var all []*Name
	for i := range hosts {
		all = append(all, d.Follow(Query{Host: fmt.Sprintf("h%d.internal", i), Port: 80}, nothing))
	}
	defer running(t, d)()
	empty, full := 0, 0
	for second := range hours * 3600 {
		if second%300 == 0 {
			s.mu.Lock()
			s.trouble = second > 0 && moves.IntN(2) == 0
			s.mu.Unlock()
		}
		if moves.IntN(20) == 0 {
			n := all[moves.IntN(len(all))]
			s.want(n.entry.query.Host)
			n.Wanted()
		}
		time.Sleep(time.Second)
		synctest.Wait()
		for _, n := range all {
			addresses, err := n.Current()
			if len(addresses) > 0 {
				full++
				continue
			}
			empty++
			if err == nil || !s.mayBeEmpty(n.entry.query.Host) {
				t.Fatalf("%s is empty at second %d: %v", n, second, err)
			}
		}
	}
	s.checkBudget(budget)
	if len(s.asked) < 1000 || full < empty {
		t.Errorf("%d questions, %d times empty, %d times not: nothing was tried", len(s.asked), empty, full)
	}
}
