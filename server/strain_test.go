package server

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sluice/limiter"
	"sluice/metrics"
)

// "Shedding began/ended (ended after 10 s without)."
func TestSheddingBeginsAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := limiter.NewAdmission(limiter.AdmissionOptions{Limit: 1, Reserve: -1, MaxWait: time.Millisecond})
		g := &generation{admissions: map[string]*limiter.Admission{"app": a}}
		line, s := &timeline{}, &strain{}
		second := func() { time.Sleep(time.Second); s.lookAtPools(g, line, time.Now()) }
		var holder limiter.Waiter
		a.Enter(&holder, limiter.Priority{}, time.Now())
		shed := func() {
			var w limiter.Waiter
			now := time.Now()
			if v := a.Enter(&w, limiter.Priority{}, now); v.Outcome == limiter.Admitted {
				t.Fatal("there was a place")
			}
			a.Leave(&w, time.Now())
		}
		second()
		shed()
		for range 5 {
			second()
			shed()
		}
		if got := codes(line.last(9)); !slices.Equal(got, []string{"shedding_began"}) || !s.sheds("app", time.Now()) {
			t.Errorf("while it sheds: %v", got)
		}
		for range 10 {
			second()
		}
		if got := codes(line.last(9)); len(got) != 1 {
			t.Errorf("ten seconds after: %v", got)
		}
		second()
		all := line.last(9)
		if got := codes(all); !slices.Equal(got, []string{"shedding_ended", "shedding_began"}) || all[0].Params["count"] != "6" || s.sheds("app", time.Now()) {
			t.Errorf("in the end: %+v", all)
		}
		a.Leave(&holder, time.Now())
	})
}

// Refusals by a Limit are seen: as an Event, in the Status and, if they are many,
// as a Problem.
func TestLimitedClientsAreShown(t *testing.T) {
	text := "\n[[site]]\nhosts = [\"shop.example.com\"]\ntls = \"off\"\nupstream = \"main\"\n" +
		"[[site.limit]]\nkey = \"client_ip\"\nrate = \"1/h\"\nburst = 1\n" + pool("main", app(t, answering(hello)))
	s := serving(t, `state_dir = ""`, text)
	client := browser(t, s)
	for range 2 + limitedOften {
		fetch(t, client, "http://shop.example.com/")
	}
	var status Status
	until(t, "the event", func() bool {
		look(t, s, "/status", &status)
		return slices.Contains(codes(status.Events), "limited")
	})
	l := status.Limits[0]
	if l.Refused < limitedOften || len(l.Top) != 1 || l.Top[0].Client != "127.0.0.1" || l.Top[0].Refused < limitedOften/2 {
		t.Errorf("%+v", l)
	}
	if got := problemCodes(&status); !slices.Equal(got, []string{"clients_limited"}) {
		t.Errorf("%v", got)
	}
}

// "Cost: negligible when nobody looks": nothing is left to do, and the goroutine
// ends with the Server.
func TestTheRecorderEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		recording := &recorder{metrics: metrics.New("test"), load: func() (int, int) { return 0, 0 }}
		ended := make(chan struct{})
		looks := 0
		go func() {
			defer close(ended)
			recording.run(ctx, func(time.Time) { looks++ })
		}()
		pass(5 * time.Second)
		cancel()
		<-ended
		if looks != 5 {
			t.Errorf("%d looks in five seconds", looks)
		}
	})
}
