package names

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

const web = "_http._tcp.example.com"

var webQuery = Query{Form: FormSRV, Host: web}

func service(target string, port, priority, weight uint16) Service {
	return Service{Target: target, Port: port, Priority: priority, Weight: weight}
}

// RFC 2782: "A client MUST attempt to contact the target host with the
// lowest-numbered priority it can reach."
func TestSRVLeadsToTheTargetsOfTheLowestPriorityThatResolve(t *testing.T) {
	for _, tt := range []struct {
		name     string
		services []Service
		want     string
	}{
		{"one", []Service{service("a.example.", 8001, 0, 0)}, "192.0.2.1:8001@a.example."},
		{"weights in lowest terms", []Service{service("a.example.", 80, 0, 300), service("b.example.", 80, 0, 100)},
			"192.0.2.1:80*3@a.example. 192.0.2.2:80@b.example."},
		{"a weight of 0 counts as 1", []Service{service("a.example.", 80, 0, 0), service("b.example.", 80, 0, 2)},
			"192.0.2.1:80@a.example. 192.0.2.2:80*2@b.example."},
		{"large weights", []Service{service("a.example.", 80, 0, 65535), service("b.example.", 80, 0, 1)},
			"192.0.2.1:80*1000@a.example. 192.0.2.2:80@b.example."},
		{"the lowest number only", []Service{service("b.example.", 80, 20, 0), service("a.example.", 80, 10, 0)},
			"192.0.2.1:80@a.example."},
		{"the next one, if that leads nowhere", []Service{service("none.example.", 80, 1, 0), service("b.example.", 80, 2, 0)},
			"192.0.2.2:80@b.example."},
		{"two ports of a target", []Service{service("a.example.", 81, 0, 0), service("A.example.", 80, 0, 0)},
			"192.0.2.1:80@a.example. 192.0.2.1:81@a.example."},
		{"absurd records are left out", []Service{service("a.example.", 0, 0, 0), service("bad name", 80, 0, 0), service("b.example.", 80, 0, 0)},
			"192.0.2.2:80@b.example."},
		{"none left", []Service{service("a.example.", 0, 0, 0)},
			`error: resolve srv _http._tcp.example.com: the answer holds no usable service: "a.example." port 0 is none`},
		{`"A Target of "." means that the service is decidedly not available at this domain."`, []Service{service(".", 0, 0, 0)},
			`error: resolve srv _http._tcp.example.com: the service is not offered (target ".", RFC 2782): not found`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var o oracle
				o.host("a.example.", "192.0.2.1")
				o.host("b.example.", "192.0.2.2")
				o.srv(web, tt.services...)
				d := New(Options{Ask: o.Ask})
				n := d.Follow(webQuery, nothing)
				defer running(t, d)()
				time.Sleep(3 * time.Second)
				want(t, n, tt.want)
			})
		})
	}
}

// The next priority does not stand in while the first is still being asked for.
func TestALowerPriorityWaitsForTheAnswerAboutAHigherOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		o.host("a.example.", "192.0.2.1")
		o.host("b.example.", "192.0.2.2")
		o.srv(web, service("a.example.", 80, 10, 0), service("b.example.", 80, 20, 0))
		d := New(Options{Ask: func(ctx context.Context, q Question) (Answer, error) {
			if q.Name == "a.example." {
				time.Sleep(time.Second)
			}
			return o.Ask(ctx, q)
		}})
		n := d.Follow(webQuery, nothing)
		defer running(t, d)()
		time.Sleep(500 * time.Millisecond)
		want(t, n, "error: resolve srv _http._tcp.example.com: no answer from the resolver yet")
		time.Sleep(time.Second)
		want(t, n, "192.0.2.1:80@a.example.")
	})
}

// While the targets of a new answer are being looked up, the old addresses
// carry the load; and a target whose lookup fails keeps those it had.
func TestANewSRVAnswerTakesEffectWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		o.host("a.example.", "192.0.2.1")
		o.host("b.example.", "192.0.2.2")
		o.host("c.example.", "192.0.2.3")
		o.srv(web, service("a.example.", 80, 0, 0))
		d := New(Options{Ask: o.Ask})
		var n *Name
		var seen []string
		n = d.Follow(webQuery, func() { seen = append(seen, current(n)) })
		defer running(t, d)()
		synctest.Wait()
		o.srv(web, service("b.example.", 80, 0, 0), service("c.example.", 80, 0, 0))
		time.Sleep(15 * time.Second)
		o.fail("b.example.", timedOut)
		time.Sleep(10 * time.Minute)
		const last = "192.0.2.2:80@b.example. 192.0.2.3:80@c.example."
		want(t, n, last)
		if len(seen) != 2 || seen[1] != last {
			t.Errorf("seen %q", seen)
		}
	})
}

// An SRV name that moves to targets that nobody can look up stays where it is.
func TestASRVAnswerThatLeadsNowhereIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		o.host("a.example.", "192.0.2.1")
		o.srv(web, service("a.example.", 80, 0, 0))
		d := New(Options{Ask: o.Ask})
		n := d.Follow(webQuery, nothing)
		defer running(t, d)()
		synctest.Wait()
		o.fail("b.example.", servfail)
		o.srv(web, service("b.example.", 80, 0, 0))
		time.Sleep(time.Hour)
		want(t, n, "192.0.2.1:80@a.example.")
	})
}

// The SRV record may go as any other: by not being found again and again.
func TestASRVNameThatIsWithdrawnIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o oracle
		o.host("a.example.", "192.0.2.1")
		o.srv(web, service("a.example.", 80, 0, 0))
		d := New(Options{Ask: o.Ask})
		n := d.Follow(webQuery, nothing)
		defer running(t, d)()
		synctest.Wait()
		o.srv(web, service(".", 0, 0, 0))
		time.Sleep(time.Minute)
		want(t, n, "192.0.2.1:80@a.example.")
		time.Sleep(3 * time.Minute)
		if all, err := n.Current(); len(all) != 0 || IsTimeout(err) {
			t.Errorf("leads to %v, %v", all, err)
		}
	})
}

// Targets that cannot be asked for or stored are dropped, and counted.
func TestAbsurdServicesAreDropped(t *testing.T) {
	a := Answer{Services: []Service{service("bad name.", 80, 0, 0), service("x/../y.", 80, 0, 0), service("", 80, 0, 0),
		service("..", 80, 0, 0), service("a.example.", 0, 0, 0), service("B.example.", 80, 0, 0)}}
	got, dropped, err := sift(Question{web, TypeSRV}, a)
	if err != nil || dropped != 5 || len(got.Services) != 1 || got.Services[0].Target != "b.example." {
		t.Errorf("got %+v, %d dropped, %v", got, dropped, err)
	}
}
