package cache

import (
	"testing"
	"testing/synctest"
	"time"

	"sluice/cache/policy"
	"sluice/message"
)

// keep keeps a copy that is fresh for a minute, by a request of that epoch.
func keep(t *testing.T, c *Cache, key string, epoch uint64) {
	t.Helper()
	d := draft(t, c, key, epoch)
	defer d.Release()
	d.Commit()
}

func draft(t *testing.T, c *Cache, key string, epoch uint64) Draft {
	t.Helper()
	m := policy.Meta{Received: time.Now().UnixNano(), Lifetime: time.Minute, Status: 200}
	d, ok := c.Keep(&Head{Key: []byte(key), Meta: Meta{Meta: m, Reuse: true}, Epoch: epoch})
	if !ok {
		t.Fatal("no room")
	}
	return d
}

// found reports whether a response is kept for a key.
func found(c *Cache, key string) bool {
	o := c.FindResponse([]byte(key), &message.Request{})
	if o != nil {
		o.Release()
	}
	return o != nil
}

// RFC 9111 section 4.4: to invalidate is to "remove all stored responses whose
// target URI matches the given URI or mark them as "invalid"". The answer to a
// request from before is as old as what was removed, whenever it comes.
func TestWhatWasAskedForBeforeIsNotKept(t *testing.T) {
	for name, forget := range map[string]func(*Cache){
		"forgotten":        func(c *Cache) { c.Forget([]byte("sa.example/x")) },
		"purged":           func(c *Cache) { c.Purge("A.example", "/x", false) },
		"purged by prefix": func(c *Cache) { c.Purge("a.example", "/", true) },
	} {
		c, key := newCache(t), "sa.example/x"
		keep(t, c, key, c.Epoch([]byte(key)))
		before := c.Epoch([]byte(key))
		under := draft(t, c, key, before)
		forget(c)
		under.Commit()
		keep(t, c, key, before)
		if under.Release(); found(c, key) {
			t.Errorf("%s: what was asked for before is found", name)
		}
		if keep(t, c, key, c.Epoch([]byte(key))); !found(c, key) {
			t.Errorf("%s: what was asked for afterwards is not found", name)
		}
	}
}

// That a change was elsewhere is no reason to forget what there is.
func TestWhatIsNotKeptTakesNothingWithIt(t *testing.T) {
	c, key := newCache(t), "sa.example/x"
	keep(t, c, key, c.Epoch([]byte(key)))
	before := c.Epoch([]byte(key))
	c.Purge("b.example", "/", true)
	if keep(t, c, key, before); !found(c, key) {
		t.Error("what was there is gone")
	}
}

// Whoever reads what is not kept has all of it.
func TestWhatIsNotKeptIsWholeForWhoReadsIt(t *testing.T) {
	c, key := newCache(t), []byte("sa.example/x")
	before := c.Epoch(key)
	c.Forget(key)
	d := draft(t, c, string(key), before)
	defer d.Release()
	if !d.Append([]byte("body")) {
		t.Fatal("no room")
	}
	d.Commit()
	if !d.Complete() || text(d.Copy) != "body" {
		t.Errorf("complete: %v, %q", d.Complete(), text(d.Copy))
	}
}

func TestPurgeReachesAllOfATarget(t *testing.T) {
	c := newCache(t)
	for _, key := range []string{"sa.example/x", "pa.example/x", "sa.example/x www.example", "sa.example/xy", "sb.example/x", "sa.example/x?q"} {
		keep(t, c, key, c.Epoch([]byte(key)))
	}
	if n := c.Purge("a.example", "/x", false); n != 3 {
		t.Errorf("purged %d, want 3", n)
	}
	for _, key := range []string{"sa.example/xy", "sb.example/x", "sa.example/x?q"} {
		if !found(c, key) {
			t.Errorf("%s is purged, too", key)
		}
	}
}

// Who asks after a change does not wait for what was asked for before; who waits
// already gets it.
func TestNobodyJoinsAFlightThatWasForgotten(t *testing.T) {
	for _, prefix := range []bool{false, true} {
		c, key := newCache(t), []byte("sa.example/x")
		f, _ := c.Join(key, asks, time.Now())
		other, _ := c.Join([]byte("sb.example/x"), asks, time.Now())
		c.Purge("a.example", "/x", prefix)
		g, leads := c.Join(key, asks, time.Now())
		if !leads || g == f {
			t.Error("joined what was asked for before")
		}
		if h, leads := c.Join([]byte("sb.example/x"), asks, time.Now()); leads || h != other {
			t.Error("another host's Flight was forgotten")
		}
		f.Decide(Outcome{Failure: failureLeft}, time.Now())
		f.End(time.Now())
		if o, ok := f.Wait(true, never, time.Minute); !ok || o.Failure != failureLeft {
			t.Errorf("who waited got %+v", o)
		}
		if h, leads := c.Join(key, asks, time.Now()); leads || h != g {
			t.Error("the end of the Flight from before has ended the other")
		}
	}
}

// Nobody waits for a leader to read what was lent to him.
func TestNobodyJoinsAFlightThatIsDecidedWithoutACopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, key := newCache(t), []byte("s/x")
		f, _ := c.Join(key, asks, time.Now())
		go func() {
			f.Lend(Outcome{Lent: &message.Response{}, Failure: failureLeft}, time.Now())
			f.End(time.Now())
		}()
		synctest.Wait()
		if _, leads := c.Join(key, asks, time.Now()); !leads {
			t.Error("joined while the leader reads")
		}
		f.Return(nil)
	})
}

// RFC 9111 section 4: a stored response answers if it is fresh, or "allowed to be
// served stale"; one whose head has come is stored, as far as it goes.
func TestWhoJoinsAfterTheHeadMustBeAllowedToReuseIt(t *testing.T) {
	for _, tt := range []struct {
		after time.Duration
		asked policy.Asked
		joins bool
	}{
		{0, asks, true},
		{59 * time.Second, asks, true},
		{61 * time.Second, asks, false},
		{0, policy.Asked{NoCache: true, MaxAge: -1}, false},
	} {
		c, key := newCache(t), []byte("s/x")
		f, _ := c.Join(key, asks, time.Now())
		d := draft(t, c, string(key), c.Epoch(key))
		d.Retain()
		f.Decide(Outcome{Copy: d.Copy}, time.Now())
		if _, leads := c.Join(key, tt.asked, time.Now().Add(tt.after)); leads == tt.joins {
			t.Errorf("after %v, %+v: joins %v", tt.after, tt.asked, !leads)
		}
		d.Fail(errTooLarge)
		d.Release()
	}
}

// A mark says that nobody need wait. It is no response, and hides none.
func TestMarksHideNoResponse(t *testing.T) {
	c, key := newCache(t), []byte("s/x")
	keep(t, c, "s/x", c.Epoch(key))
	c.Pass(key, time.Now())
	if o := c.Find(key, &message.Request{}); o == nil || !o.Meta().Pass {
		t.Fatal("the mark is not found")
	} else {
		o.Release()
	}
	was := c.FindResponse(key, &message.Request{})
	if was == nil || was.Meta().Pass {
		t.Fatal("the response is not found")
	}
	defer was.Release()
	renewed := c.Renew(was, &Head{Key: key, Meta: Meta{Meta: policy.Meta{Status: 203}}})
	if renewed == nil || renewed.Meta().Status != 203 {
		t.Fatal("not renewed")
	}
	renewed.Release()
}
