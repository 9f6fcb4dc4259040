package server

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/config"
)

// look asks the admin server for JSON.
func look(t testing.TB, s *running, path string, into any) (status int) {
	t.Helper()
	answer, err := http.Get("http://" + s.Admin().String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %d, %v: %s", path, answer.StatusCode, err, text)
	}
	return answer.StatusCode
}

func codes(events []Event) (all []string) {
	for _, e := range events {
		all = append(all, e.Code)
	}
	return all
}

func problemCodes(t *Status) (all []string) {
	for _, p := range t.Problems {
		all = append(all, p.Code)
	}
	return all
}

// What the page shows of a Sluice that is well.
func TestStatus(t *testing.T) {
	upstream := app(t, answering(hello))
	s := serving(t, `state_dir = ""`, bothSite(upstream))
	client := browser(t, s)
	for range 3 {
		fetch(t, client, "http://shop.example.com/")
	}
	var status Status
	until(t, "the requests are counted", func() bool {
		look(t, s, "/status", &status)
		return len(status.Series.Requests) > 0 && status.Sites[0].Requests == 3 && slices.Max(status.Series.Status2) > 0
	})
	if status.State != "serving" || status.Config.File != "test.toml" || status.Config.Loaded.IsZero() || status.PID == 0 {
		t.Errorf("%+v", status)
	}
	if len(status.Listeners) != 3 || status.Listeners[0].Address != s.HTTP().String() || status.Listeners[0].Accepted == 0 {
		t.Errorf("listeners: %+v", status.Listeners)
	}
	site := status.Sites[0]
	if site.Name != "shop.example.com" || !site.TLS || site.Errors != 0 || site.Maintenance != nil {
		t.Errorf("site: %+v", site)
	}
	pool := status.Pools[0]
	if pool.Name != "main" || pool.Available != 1 || len(pool.Upstreams) != 1 || pool.Shedding {
		t.Errorf("pool: %+v", pool)
	}
	if u := pool.Upstreams[0]; u.Address != upstream || u.State != "in" || u.Weight != 1 || u.Share != 1 || u.Requests != 3 || u.Set {
		t.Errorf("upstream: %+v", u)
	}
	if status.Now.HitRate != -1 || status.Now.Requests == 0 || status.Now.BytesOut == 0 || status.Now.P99 <= 0 {
		t.Errorf("rates: %+v", status.Now)
	}
	if len(status.Problems) > 0 || len(status.Failures) > 0 || len(status.Certificates) != 1 || status.Cache == nil {
		t.Errorf("%+v", status.Problems)
	}
	if status.AccessLog.To != s.access || status.Memory.Heap == 0 || status.Memory.Goroutines == 0 || status.Memory.Descriptors == 0 {
		t.Errorf("%+v %+v", status.AccessLog, status.Memory)
	}
	if got := codes(status.Events); !slices.Equal(got, []string{"serving"}) {
		t.Errorf("events: %v", got)
	}
}

// "computed at most 4 times a second whoever asks".
func TestManyWhoLookShareAStatus(t *testing.T) {
	s := serving(t, `state_dir = ""`, plainSite("127.0.0.1:1"))
	until(t, "ten looks at one status", func() bool { // which a busy machine may keep us from
		first, looks := s.Status(0).Time, 0
		next := first
		for ; next.Equal(first); next = s.Status(0).Time {
			looks++
		}
		if next.Sub(first) < statusAge {
			t.Fatalf("a new status after %v and %d looks", next.Sub(first), looks)
		}
		return looks >= 10
	})
	for _, bad := range []string{"0", "301", "-1", "x", ""} {
		if status, _, _ := fetch(t, http.DefaultClient, "http://"+s.Admin().String()+"/status?seconds="+bad); status != 400 {
			t.Errorf("seconds=%s: %d", bad, status)
		}
	}
}

// Who has changed something looks what has come of it, and finds it.
func TestAChangeIsInTheNextStatus(t *testing.T) {
	s := byFile(t, `state_dir = ""`, plainSite("127.0.0.1:1"))
	for range 3 {
		s.Status(0)
		if _, err := s.BeginMaintenance("shop.example.com", time.Time{}); err != nil || s.Status(0).Sites[0].Maintenance == nil {
			t.Fatalf("%v, or it is not under maintenance", err)
		}
		if _, err := s.EndMaintenance("shop.example.com"); err != nil || s.Status(0).Sites[0].Maintenance != nil {
			t.Fatalf("%v, or it is under maintenance", err)
		}
		reloads := s.Status(0).Config.Reloads
		if _, err := s.Reload(s.ctx); err != nil || s.Status(0).Config.Reloads != reloads+1 {
			t.Fatalf("%v, or the reload is not told of", err)
		}
	}
}

// "Status must be cheap (<1 ms with 200 upstreams)."
func BenchmarkStatus(b *testing.B) {
	var servers []string
	for i := range 200 {
		servers = append(servers, fmt.Sprintf("10.0.%d.%d:80", i/100, i%100+1))
	}
	cfg, err := config.Parse("test.toml", []byte("[server]\nstate_dir = \"\"\n"+strings.ReplaceAll(
		plainSite("X"), `"X"`, `"`+strings.Join(servers, `", "`)+`"`)))
	if err != nil {
		b.Fatal(err)
	}
	s, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.gather(time.Now())
	}
}
