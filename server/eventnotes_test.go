package server

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/accesslog"
	"sluice/certs"
	"sluice/message"
	"sluice/names"
	"sluice/upstream"
)

// "Every place in events.go adds one with Code + Params + Text + Level."
func TestWhatHappensIsRemembered(t *testing.T) {
	s := listening(t, `state_dir = ""`, plainSite("127.0.0.1:1"))
	defer s.Close()
	refused := &message.Failure{Party: message.PartyUpstream, Phase: message.PhaseDial, Cause: message.CauseConnectionRefused,
		Where: "10.0.0.2:1", Err: errors.New("dial tcp 10.0.0.2:1: connect: connection refused")}
	shop := certs.Info{Names: []string{"shop.example.com"}, NotAfter: time.Now().Add(time.Hour)}
	broken := errors.New("broken")
	for _, tt := range []struct {
		happens func()
		code    string
		level   string
		params  string // "name=value name=value"
		text    string
	}{
		{func() {
			s.upstreamEvent(upstream.Event{Pool: "main", Upstream: "10.0.0.2:1", State: upstream.StateOut, Why: refused})
		},
			"upstream_out", LevelWarn, "pool=main upstream=10.0.0.2:1 why=nobody listens there (connect: connection refused)",
			"The Upstream 10.0.0.2:1 of the Pool main is out: nobody listens there (connect: connection refused)."},
		{func() {
			s.upstreamEvent(upstream.Event{Pool: "main", Upstream: "10.0.0.2:1", State: upstream.StateIn, Why: refused})
		},
			"upstream_back", LevelInfo, "pool=main upstream=10.0.0.2:1", "is back"},
		{func() { s.upstreamEvent(upstream.Event{Pool: "main", State: upstream.StateOut}) }, "pool_fails_open", LevelError, "pool=main", "fails open"},
		{func() { s.upstreamEvent(upstream.Event{Pool: "main", State: upstream.StateIn}) }, "pool_recovered", LevelInfo, "pool=main", "does not fail open"},
		{func() { s.nameEvent(names.Event{News: names.NewsFailing, Source: "app.internal", Err: broken}) }, "names_failing", LevelWarn, "count=0 names=app.internal why=broken", "app.internal"},
		{func() { s.nameEvent(names.Event{News: names.NewsGone, Source: "app.internal", Err: broken}) }, "names_failing", LevelError, "names=app.internal", "are gone"},
		{func() { s.nameEvent(names.Event{News: names.NewsRecovered, Source: "app.internal"}) }, "names_recovered", LevelInfo, "names=app.internal", ""},
		{func() { s.nameEvent(names.Event{News: names.NewsMoved, Source: "app.internal"}) }, "upstreams_moved", LevelInfo, "names=app.internal", ""},
		{func() { s.certificateEvent(certs.Event{News: certs.NewsCertificate, Info: shop}) }, "certificate_loaded", LevelInfo, "names=shop.example.com", ""},
		{func() { s.certificateEvent(certs.Event{News: certs.NewsFailure, Info: shop, Err: broken}) }, "certificate_failed", LevelError, "why=broken", ""},
		{func() { s.certificateEvent(certs.Event{News: certs.NewsExpiring, Info: shop, Err: broken}) }, "certificate_expiring", LevelError, "names=shop.example.com", "expires soon"},
		{func() {
			s.certificateEvent(certs.Event{News: certs.NewsExpiring, Info: certs.Info{Names: []string{"old.example.com"}, NotAfter: time.Now().Add(-time.Hour)}, Err: broken})
		},
			"certificate_expired", LevelError, "names=old.example.com", "has expired"},
		{func() { s.certificateEvent(certs.Event{News: certs.NewsUnfit, Info: shop, Err: broken}) }, "certificate_unfit", LevelWarn, "names=shop.example.com why=broken", "may refuse"},
		{func() { s.certificateEvent(certs.Event{News: certs.NewsUnstored, Err: broken}) }, "certificates_unstored", LevelError, "why=broken", ""},
		{func() { s.certificateEvent(certs.Event{News: certs.NewsStored}) }, "certificates_stored", LevelInfo, "", ""},
		{func() { s.accessLogEvent(broken) }, "access_log_failing", LevelError, "why=broken", ""},
		{func() { s.accessLogEvent(fmt.Errorf("%w: %w", accesslog.ErrNotReopened, broken)) }, "access_log_renamed", LevelError, "why=access log: reopen: broken", "could not be reopened"},
		{func() { s.accessLogEvent(nil) }, "access_log_recovered", LevelInfo, "", ""},
		{func() { s.tellPressure(true) }, "memory_pressure", LevelError, "", "new connections are refused"},
		{func() { s.tellPressure(false) }, "memory_pressure", LevelInfo, "", "welcome"},
		{func() { s.panicked("oops", nil) }, "panic", LevelError, "why=oops", "report it"},
		{func() { s.BeginMaintenance("shop.example.com", time.Time{}) }, "maintenance_on", LevelInfo, "site=shop.example.com", "is under maintenance"},
		{func() { s.EndMaintenance("shop.example.com") }, "maintenance_off", LevelInfo, "site=shop.example.com", "open again"},
		{func() { s.Purge("http://shop.example.com/", true) }, "purged", LevelInfo, "count=0 site=shop.example.com", ""},
	} {
		before := len(s.Events())
		tt.happens()
		all := s.Events()
		if len(all) != before+1 || all[0].Code != tt.code || all[0].Level != tt.level || !strings.Contains(all[0].Text, tt.text) || !strings.HasSuffix(all[0].Text, ".") {
			t.Errorf("%s: %+v", tt.code, all[:1])
			continue
		}
		for _, pair := range strings.SplitAfter(tt.params, " ") {
			name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
			if ok && !strings.HasPrefix(all[0].Params[name], value) {
				t.Errorf("%s: params %v, want %s", tt.code, all[0].Params, tt.params)
			}
		}
	}
}

// What a refused Reload, and one that waits for a restart, look like.
func TestReloadsInTheStatus(t *testing.T) {
	text := plainSite(app(t, answering(hello)))
	s := byFile(t, `state_dir = ""`, text)
	loaded := s.gather(time.Now()).Config.Loaded
	s.write(`state_dir = ""`, "[[site]]\nhosts = 7\n")
	if _, err := s.Reload(s.ctx); err == nil {
		t.Fatal("it was put in force")
	}
	now := s.gather(time.Now())
	if !strings.Contains(now.Config.Failed, "hosts") || now.Config.Reloads != 0 || !now.Config.Loaded.Equal(loaded) {
		t.Errorf("%+v", now.Config)
	}
	if !slices.Contains(problemCodes(now), "reload_refused") || now.Events[0].Code != "reload_refused" {
		t.Errorf("%v, %v", problemCodes(now), codes(now.Events))
	}
	s.reloads("state_dir = \"\"\nmemory_limit = \"2GiB\"", text)
	now = s.gather(time.Now())
	if now.Config.Failed != "" || now.Config.Reloads != 1 || !slices.Equal(now.Config.Restart, []string{"server.memory_limit"}) {
		t.Errorf("%+v", now.Config)
	}
	if got := problemCodes(now); !slices.Equal(got, []string{"restart_needed"}) || now.Events[0].Code != "reload" {
		t.Errorf("%v, %v", got, codes(now.Events))
	}
	s.reloads(`state_dir = ""`, text)
	if now = s.gather(time.Now()); len(now.Config.Restart) != 0 || len(now.Problems) != 0 {
		t.Errorf("%+v %+v", now.Config, now.Problems)
	}
	s.reloads(`state_dir = ""`, text)
	if got := s.gather(time.Now()).Events[0]; got.Text != "The configuration was reloaded: nothing has changed." {
		t.Errorf("%+v", got)
	}
}

// "No secret in a log, error, page, metric or /status."
func TestTheStatusHoldsNoSecrets(t *testing.T) {
	text := "\n[[site]]\nhosts = [\"shop.example.com\"]\ntls = \"off\"\nupstream = \"main\"\n" +
		"[[site.limit]]\nkey = \"cookie:sid\"\nrate = \"1/h\"\nburst = 1\n" + pool("main", "127.0.0.1:1")
	s := serving(t, `state_dir = ""`, text)
	for range 4 {
		c := dial(t, s.HTTP())
		io.WriteString(c, "POST /pay?token=topsecret HTTP/1.1\r\nHost: shop.example.com\r\nCookie: sid=topsecret\r\n"+
			"Authorization: Bearer topsecret\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntopsecret")
		io.ReadAll(c)
	}
	until(t, "all is there to see", func() bool {
		now := s.gather(time.Now())
		return len(now.Failures) == 4 && len(now.Limits[0].Top) == 1
	})
	for _, path := range []string{"/status", "/failures", "/events", "/pools"} {
		if _, _, page := fetch(t, http.DefaultClient, "http://"+s.Admin().String()+path); strings.Contains(page, "topsecret") {
			t.Errorf("%s: %s", path, page)
		}
	}
}

// A Site under maintenance, and the drain.
func TestTheStatusOfASluiceThatEnds(t *testing.T) {
	slow, reached, answer := slowApp(t)
	s := serving(t, `state_dir = ""`, plainSite(slow))
	c := dial(t, s.HTTP())
	io.WriteString(c, get)
	within(t, "the request", reached)
	s.BeginMaintenance("shop.example.com", time.Now().Add(time.Hour))
	s.cancel()
	until(t, "it drains, and the event says so", func() bool {
		now := s.gather(time.Now())
		return now.State == "draining" && now.Events[0].Code == "draining"
	})
	now := s.gather(time.Now())
	if now.Now.InFlight != 1 || now.Pools[0].InFlight != 1 || now.Sites[0].Maintenance == nil || now.Sites[0].Maintenance.Until.IsZero() {
		t.Errorf("%+v %+v %+v", now.Now, now.Pools, now.Sites)
	}
	if got := problemCodes(now); !slices.Contains(got, "draining") || now.Events[0].Code != "draining" {
		t.Errorf("%v, %v", got, codes(now.Events))
	}
	answer <- true
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}
