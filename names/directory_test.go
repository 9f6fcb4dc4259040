package names

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// "A/AAAA/SRV in the background": New and Follow ask nobody; Run does, once for
// all that follow the host.
func TestANameIsAskedForInTheBackgroundAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		o.host("app.internal", "192.0.2.2", "192.0.2.1", "192.0.2.2", "2001:db8::1")
		d := New(Options{Ask: o.Ask})
		calls := 0
		n := d.Follow(app, func() { calls++ })
		same := d.Follow(Query{Host: "APP.internal", Port: 80}, nothing)
		other := d.Follow(Query{Host: "app.internal", Port: 81}, nothing)
		if o.count() != 0 {
			t.Fatal("asked before Run")
		}
		_, err := n.Current()
		if !errors.Is(err, ErrNoAnswer) || !IsTimeout(err) {
			t.Fatalf("got %v, want ErrNoAnswer", err)
		}
		defer running(t, d)()
		synctest.Wait()
		if o.count() != 2 {
			t.Errorf("%d questions, want A and AAAA", o.count())
		}
		want(t, n, "192.0.2.1:80 192.0.2.2:80 [2001:db8::1]:80")
		want(t, same, "192.0.2.1:80 192.0.2.2:80 [2001:db8::1]:80")
		want(t, other, "192.0.2.1:81 192.0.2.2:81 [2001:db8::1]:81")
		if calls == 0 {
			t.Error("changed was not called")
		}
		if s := d.Stats(); s.Asked != 2 || s.Answered != 2 || len(s.Sources) != 2 || s.Sources[0].Followers != 2 {
			t.Errorf("stats %+v", s)
		}
	})
}

// "TTL honoured within floor and ceiling."
func TestAnAnswerIsAskedForAgainWhenItsTTLIsOver(t *testing.T) {
	for _, tt := range []struct{ ttl, want time.Duration }{
		{0, 5 * time.Second},
		{2 * time.Second, 5 * time.Second},
		{20 * time.Second, 20 * time.Second},
		{24 * time.Hour, 5 * time.Minute},
		{NoTTL, 30 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			var o oracle
			o.hostTTL("app.internal", tt.ttl, "192.0.2.1", "2001:db8::1")
			d := New(Options{Ask: o.Ask})
			d.Follow(app, nothing)
			defer running(t, d)()
			time.Sleep(time.Hour)
			asked := o.times(Question{"app.internal", TypeA})
			if len(asked) < 10 {
				t.Fatalf("TTL %v: asked %d times in an hour", tt.ttl, len(asked))
			}
			for i := 1; i < len(asked); i++ {
				if gap := asked[i].Sub(asked[i-1]); gap < tt.want || gap > tt.want*11/10 {
					t.Errorf("TTL %v: asked again after %v, want %v and a tenth at most", tt.ttl, gap, tt.want)
				}
			}
		})
	}
}

// "A stub DNS server that times out, lies, flaps, returns SERVFAIL or NXDOMAIN
// for 60 s: 0 failed requests": where a name leads never changes.
func TestAResolverThatIsIllForAMinuteChangesNothing(t *testing.T) {
	bad := map[string]func(o *oracle, second int){
		"times out":     func(o *oracle, _ int) { o.hangs(true) },
		"says SERVFAIL": func(o *oracle, _ int) { o.fail("app.internal", servfail) },
		"says NXDOMAIN": func(o *oracle, _ int) { o.fail("app.internal", nxdomain) },
		"is refused": func(o *oracle, _ int) {
			o.fail("app.internal", &net.OpError{Op: "read", Err: errors.New("connection refused")})
		},
		"lies": func(o *oracle, _ int) {
			o.host("app.internal", "0.0.0.0", "255.255.255.255", "224.0.0.1", "::", "ff02::1", "fe80::1", "240.0.0.1", "0.1.2.3")
		},
		"answers nothing": func(o *oracle, _ int) {
			o.mu.Lock()
			defer o.mu.Unlock()
			for q := range o.answers {
				o.answers[q] = Answer{}
			}
		},
		"flaps": func(o *oracle, second int) {
			o.fail("app.internal", []error{nxdomain, servfail, timedOut, nil}[second%4])
		},
	}
	for name, spoil := range bad {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var o oracle
				var events diary
				o.host("app.internal", "192.0.2.1", "192.0.2.2", "2001:db8::1")
				d := New(Options{Ask: o.Ask, Notify: events.note})
				n := d.Follow(app, nothing)
				defer running(t, d)()
				time.Sleep(time.Minute)
				events.take()
				const good = "192.0.2.1:80 192.0.2.2:80 [2001:db8::1]:80"
				want(t, n, good)
				before := o.count()
				for second := range 60 {
					spoil(&o, second)
					n.Wanted()
					time.Sleep(time.Second)
					want(t, n, good)
				}
				if o.count() == before {
					t.Fatal("nobody asked the ill resolver")
				}
				o.hangs(false)
				o.fail("app.internal", nil)
				o.host("app.internal", "192.0.2.9")
				time.Sleep(maxRetry + 5*time.Second)
				if got := current(n); !strings.Contains(got, "192.0.2.9:80") || strings.Contains(got, "192.0.2.1") {
					t.Errorf("well again it leads to %s", got)
				}
				if name != "flaps" {
					wantPrefix(t, events.words(), "failing ")
				}
			})
		})
	}
}

func wantPrefix(t *testing.T, got, prefix string) {
	t.Helper()
	if !strings.HasPrefix(got, prefix) {
		t.Errorf("got %q, want %q at its beginning", got, prefix)
	}
}

// "NXDOMAIN must repeat before it empties anything."
func TestANameThatIsNotFoundForLongIsGoneAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		var events diary
		o.host("app.internal", "192.0.2.1")
		d := New(Options{Ask: o.Ask, Notify: events.note})
		n := d.Follow(app, nothing)
		defer running(t, d)()
		time.Sleep(3 * time.Minute) // AAAA is known not to exist
		wantWords(t, &events, "moved")
		o.fail("app.internal", nxdomain)
		from := time.Now()
		for len(must(n.Current())) > 0 {
			time.Sleep(time.Second)
			if time.Since(from) > 5*time.Minute {
				t.Fatal("not gone after 5 minutes")
			}
		}
		if got := time.Since(from); got < notFoundFor {
			t.Errorf("gone after %v", got)
		}
		_, err := n.Current()
		var why *LookupError
		if !errors.As(err, &why) || !why.Gone || IsTimeout(err) {
			t.Errorf("got %#v", err)
		}
		wantWords(t, &events, "failing gone")
		o.fail("app.internal", nil)
		o.host("app.internal", "192.0.2.7")
		time.Sleep(maxRetry + time.Second)
		want(t, n, "192.0.2.7:80")
		wantWords(t, &events, "moved recovered")
	})
}

func must(all []Address, _ error) []Address { return all }

// One family that goes away for good goes, and the other stays.
func TestAFamilyThatIsWithdrawnGoesAfterTheSameWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		o.host("app.internal", "192.0.2.1", "2001:db8::1")
		d := New(Options{Ask: o.Ask})
		n := d.Follow(app, nothing)
		defer running(t, d)()
		synctest.Wait()
		o.host("app.internal", "192.0.2.2")
		time.Sleep(time.Minute)
		want(t, n, "192.0.2.2:80 [2001:db8::1]:80")
		time.Sleep(3 * time.Minute)
		want(t, n, "192.0.2.2:80")
	})
}

// Failing one family for ever takes nothing from the other.
func TestAResolverThatFailsForAAAAOnlyDoesNotHoldUpA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		o.host("app.internal", "192.0.2.1")
		o.mu.Lock()
		o.errs[Question{"app.internal", TypeAAAA}] = timedOut
		o.mu.Unlock()
		d := New(Options{Ask: o.Ask})
		n := d.Follow(app, nothing)
		defer running(t, d)()
		for i := range 5 {
			synctest.Wait()
			want(t, n, fmt.Sprintf("192.0.2.%d:80", i+1))
			o.mu.Lock()
			o.answers[Question{"app.internal", TypeA}] = Answer{Addrs: []netip.Addr{netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 2)})}, TTL: time.Second}
			o.mu.Unlock()
			time.Sleep(11 * time.Second)
		}
	})
}

// "the failure type tells dns_timeout from dns_error."
func TestTheErrorOfANameTellsTimeoutsFromAnswers(t *testing.T) {
	for _, tt := range []struct {
		name    string
		o       *oracle
		timeout bool
		words   string
	}{
		{"SERVFAIL", &oracle{err: servfail}, false, "server misbehaving"},
		{"no such host", &oracle{err: nxdomain}, false, "no such host"},
		{"told of a timeout", &oracle{err: timedOut}, true, "i/o timeout"},
		{"hangs", &oracle{hang: true}, true, "deadline exceeded"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var events diary
				d := New(Options{Ask: tt.o.Ask, Notify: events.note})
				n := d.Follow(app, nothing)
				defer running(t, d)()
				from := time.Now()
				if err := d.Ready(t.Context()); err == nil {
					t.Error("Ready without any address")
				}
				if took := time.Since(from); took > 2*time.Second {
					t.Errorf("Ready took %v, and 'start never waits longer than 2 s for a resolver'", took)
				}
				time.Sleep(3 * time.Minute)
				_, err := n.Current()
				if IsTimeout(err) != tt.timeout || !strings.Contains(err.Error(), tt.words) || !strings.Contains(err.Error(), "app.internal:80") {
					t.Errorf("got %v; timeout %v", err, IsTimeout(err))
				}
				wantWords(t, &events, "failing")
				wantRetries(t, tt.o.times(Question{"app.internal", TypeA}))
			})
		})
	}
}

// wantRetries checks the growing wait between tries.
func wantRetries(t *testing.T, asked []time.Time) {
	t.Helper()
	if len(asked) < 8 || len(asked) > 16 {
		t.Errorf("asked %d times in 3 minutes", len(asked))
	}
	for i := 1; i < len(asked); i++ {
		gap, least := asked[i].Sub(asked[i-1]), time.Second<<min(i-1, 4)
		if gap < least || gap > min(2*least, maxRetry)+DefaultTimeout {
			t.Errorf("gap %d is %v", i, gap)
		}
	}
}

// Wanted asks again at once, but no question twice within a second.
func TestAFailedDialHasTheNameAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		o.hostTTL("app.internal", time.Hour, "192.0.2.1")
		d := New(Options{Ask: o.Ask})
		n := d.Follow(app, nothing)
		defer running(t, d)()
		time.Sleep(10 * time.Second)
		o.host("app.internal", "192.0.2.2")
		n.Wanted()
		synctest.Wait()
		want(t, n, "192.0.2.2:80")
		for range 100 {
			n.Wanted()
			time.Sleep(100 * time.Millisecond)
		}
		asked := o.times(Question{"app.internal", TypeA})
		if len(asked) < 10 || len(asked) > 13 {
			t.Errorf("asked %d times in 10 s of failed dials", len(asked))
		}
		for i := 1; i < len(asked); i++ {
			if gap := asked[i].Sub(asked[i-1]); gap < time.Second {
				t.Errorf("asked again after %v", gap)
			}
		}
	})
}

// "query budget": names that all want to be asked at once wait for each other,
// and get their turn.
func TestTheBudgetBoundsTheQueriesOfAllNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		d := New(Options{Ask: o.Ask, Budget: 10})
		for i := range 200 {
			host := fmt.Sprintf("h%d.internal", i)
			o.hostTTL(host, time.Second, "192.0.2.1", "2001:db8::1")
			d.Follow(Query{Host: host, Port: 80}, nothing)
		}
		defer running(t, d)()
		time.Sleep(38*time.Second + time.Millisecond) // 20 saved, 380 earned
		if got := o.count(); got < 399 || got > 401 {
			t.Errorf("asked %d questions in 38 s", got)
		}
		for _, s := range d.Stats().Sources {
			if s.Addresses == 0 {
				t.Errorf("%s did not get its turn", s.Source)
			}
		}
		if d.Stats().Throttled == 0 {
			t.Error("nothing was counted as throttled")
		}
	})
}

// A new name does not wait behind many old ones that are overdue.
func TestANewNameIsAskedForBeforeOldOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		d := New(Options{Ask: o.Ask, Budget: 4})
		for i := range 100 {
			host := fmt.Sprintf("h%d.internal", i)
			o.hostTTL(host, time.Second, "192.0.2.1", "2001:db8::1")
			d.Follow(Query{Host: host, Port: 80}, nothing)
		}
		defer running(t, d)()
		time.Sleep(5 * time.Minute)
		o.host("app.internal", "192.0.2.1")
		n := d.Follow(app, nothing)
		time.Sleep(time.Second)
		want(t, n, "192.0.2.1:80")
	})
}

// One try that fails is no news for a name that leads somewhere; two are.
func TestOneLostAnswerIsNoNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		var events diary
		o.hostTTL("app.internal", 20*time.Second, "192.0.2.1", "2001:db8::1")
		d := New(Options{Ask: o.Ask, Notify: events.note})
		d.Follow(app, nothing)
		defer running(t, d)()
		for range 10 {
			time.Sleep(15 * time.Second)
			o.fail("app.internal", timedOut)
			for failed := d.Stats().TimedOut; d.Stats().TimedOut == failed; {
				time.Sleep(100 * time.Millisecond)
			}
			o.fail("app.internal", nil)
		}
		time.Sleep(time.Minute)
		wantWords(t, &events, "moved moved")
		o.fail("app.internal", timedOut)
		time.Sleep(time.Minute)
		if told := events.take(); len(told) != 1 || told[0].News != NewsFailing || !IsTimeout(told[0].Err) || time.Since(told[0].Since) > time.Minute {
			t.Errorf("told %+v", told)
		}
	})
}

// Dials that fail together cost one question.
func TestWantedTwiceIsWantedOnce(t *testing.T) {
	d := New(Options{Ask: (&oracle{}).Ask})
	e, now := d.Follow(app, nothing).entry, time.Now()
	for _, tt := range []struct {
		after time.Duration
		news  bool
	}{{0, true}, {0, false}, {askGap - 1, false}, {askGap, true}} {
		if got := e.want(&d.mu, now.Add(tt.after)); got != tt.news {
			t.Errorf("after %v: %v", tt.after, got)
		}
	}
}

// What a question really cost is charged, though it is known afterwards only.
func TestQueriesBehindOneQuestionAreCharged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		var mu sync.Mutex
		d := New(Options{Budget: 10, MaxInFlight: 1, Ask: func(context.Context, Question) (Answer, error) {
			mu.Lock()
			defer mu.Unlock()
			asked++
			return Answer{Queries: 5}, servfail
		}})
		for i := range 200 {
			d.Follow(Query{Host: fmt.Sprintf("h%d.internal", i), Port: 80}, nothing)
		}
		defer running(t, d)()
		time.Sleep(60 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if asked*5 > 20+60*10+5 || asked*5 < 60*10-5 {
			t.Errorf("%d questions of 5 queries in 60 s with a budget of 10", asked)
		}
	})
}

// At most MaxInFlight questions are under way, whatever hangs.
func TestAResolverThatHangsHoldsUpFewQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		flying, most := 0, 0
		d := New(Options{MaxInFlight: 3, Ask: func(ctx context.Context, _ Question) (Answer, error) {
			mu.Lock()
			flying++
			most = max(most, flying)
			mu.Unlock()
			<-ctx.Done()
			mu.Lock()
			flying--
			mu.Unlock()
			return Answer{}, ctx.Err()
		}})
		for i := range 50 {
			d.Follow(Query{Host: fmt.Sprintf("h%d.internal", i), Port: 80}, nothing)
		}
		stop := running(t, d)
		time.Sleep(10 * time.Minute)
		stop()
		if most != 3 || flying != 0 {
			t.Errorf("%d under way at most, %d after Run", most, flying)
		}
		if s := d.Stats(); s.TimedOut < 400 {
			t.Errorf("only %d timed out", s.TimedOut)
		}
	})
}

// An answer by another name of the search list may be another host altogether.
func TestAnAnswerByADetourCountsOnlyAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		d := New(Options{Ask: func(ctx context.Context, q Question) (Answer, error) {
			a, err := o.Ask(ctx, q)
			a.Detour = true
			return a, err
		}})
		o.host("app.internal", "192.0.2.1")
		n := d.Follow(app, nothing)
		defer running(t, d)()
		time.Sleep(time.Minute)
		want(t, n, "192.0.2.1:80")
		o.host("app.internal", "192.0.2.66")
		time.Sleep(time.Minute)
		want(t, n, "192.0.2.1:80")
	})
}

// A Query that comes later is where others of the same host are, at once, and
// stored with a date.
func TestANewPortOfAKnownHostIsThereAtOnce(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		var events diary
		o.hostTTL("app.internal", time.Hour, "192.0.2.1", "2001:db8::1")
		d := New(Options{Ask: o.Ask, StateDir: dir, Notify: events.note})
		d.Follow(app, nothing)
		defer running(t, d)()
		time.Sleep(time.Minute)
		events.take()
		other := Query{Host: "app.internal", Port: 81}
		n := d.Follow(other, nothing)
		want(t, n, "192.0.2.1:81 [2001:db8::1]:81")
		wantWords(t, &events, "moved")
		time.Sleep(5 * time.Second)
		_, at, err := (store{dir}).load(other)
		if err != nil || time.Since(at) > 10*time.Second {
			t.Errorf("stored at %v, %v", at, err)
		}
	})
}

// Who does not follow any more is not told, and the last one ends the asking.
func TestTheLastToUnfollowEndsTheAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		o.host("app.internal", "192.0.2.1")
		d := New(Options{Ask: o.Ask})
		calls := 0
		a, b := d.Follow(app, func() { calls++ }), d.Follow(app, nothing)
		defer running(t, d)()
		synctest.Wait()
		a.Unfollow()
		a.Unfollow()
		calls = 0
		o.host("app.internal", "192.0.2.2")
		time.Sleep(time.Minute)
		want(t, b, "192.0.2.2:80")
		if calls != 0 {
			t.Error("told after Unfollow")
		}
		b.Unfollow()
		before := o.count()
		time.Sleep(time.Hour)
		if o.count() != before || len(d.Stats().Sources) != 0 || len(d.facts) != 0 {
			t.Errorf("%d questions about a name that nobody follows", o.count()-before)
		}
		want(t, b, "192.0.2.2:80")
	})
}

// A Ready that is canceled does not wait.
func TestReadyEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(Options{Ask: (&oracle{hang: true}).Ask})
		d.Follow(app, nothing)
		d.Watch("/nowhere/upstreams", nothing)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := d.Ready(ctx)
		for _, words := range []string{"app.internal:80", "/nowhere/upstreams"} {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%v does not tell of %s", err, words)
			}
		}
	})
}

// Where a name leads may be read and changed from everywhere at once.
func TestADirectoryMayBeUsedFromManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		o.host("app.internal", "192.0.2.1")
		d := New(Options{Ask: o.Ask, StateDir: t.TempDir(), Notify: (&diary{}).note})
		defer running(t, d)()
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				for range 20 {
					n := d.Follow(Query{Host: "app.internal", Port: uint16(80 + i%3)}, nothing)
					n.Current()
					n.Wanted()
					time.Sleep(time.Duration(i) * time.Second)
					d.Stats()
					n.Unfollow()
				}
			})
		}
		wg.Wait()
		if s := d.Stats(); len(s.Sources) != 0 {
			t.Errorf("left over: %+v", s.Sources)
		}
	})
}

// changed comes after each change and only then, however the resolver turns
// its answer round.
func TestTheSameAddressesInAnotherOrderAreNoNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		var events diary
		o.host("app.internal", "192.0.2.1", "192.0.2.2")
		d := New(Options{Ask: o.Ask, Notify: events.note})
		var seen []string
		var n *Name
		n = d.Follow(app, func() { seen = append(seen, current(n)) })
		defer running(t, d)()
		time.Sleep(time.Minute)
		o.host("app.internal", "192.0.2.2", "192.0.2.1")
		time.Sleep(time.Minute)
		if !slices.Equal(seen, []string{"192.0.2.1:80 192.0.2.2:80"}) {
			t.Errorf("seen %q", seen)
		}
		wantWords(t, &events, "moved")
	})
}
