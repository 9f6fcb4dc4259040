package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/config"
)

// upstreams are those of a Pool in these states; "drained" is in and drained.
func upstreams(states ...string) (all []UpstreamStatus) {
	for i, state := range states {
		u := UpstreamStatus{Address: "10.0.0.2:300" + string(rune('0'+i)), State: state}
		if state == "out" {
			u.Why = "nobody listens there (connect: connection refused)"
		}
		if state == "drained" {
			u.State, u.Draining = "in", true
		}
		all = append(all, u)
	}
	return all
}

func TestProblems(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	pool := func(available int, shedding bool, states ...string) Status {
		return Status{Pools: []PoolStatus{{Name: "app", Available: available, Shedding: shedding, Upstreams: upstreams(states...)}}}
	}
	cert := func(c CertificateStatus) Status {
		c.Names = []string{"shop.example.com"}
		return Status{Certificates: []CertificateStatus{c}}
	}
	refuses := func(top ...LimitedClient) Status {
		return Status{Limits: []LimitStatus{{Site: "shop.example.com", Name: "client_ip 10/s", Refused: 1000, Top: top}}}
	}
	limited := func(clients int, refused uint64, ago time.Duration, all uint64) Status {
		status := refuses()
		l := &status.Limits[0]
		for l.Refused = all; len(l.Top) < clients; {
			l.Top = append(l.Top, LimitedClient{fmt.Sprintf("203.0.113.%d", 1+len(l.Top)), refused, now.Add(-ago)})
		}
		return status
	}
	for _, tt := range []struct {
		name     string
		status   Status
		concerns concerns
		want     []string // "code text", beginnings of it
	}{
		{"all is well", pool(2, false, "in", "in"), concerns{}, nil},
		{"one drained on purpose", pool(1, false, "in", "drained"), concerns{}, nil},
		{"one out", pool(2, false, "in", "out", "trial"), concerns{}, []string{"upstreams_out 1 of 3 Upstreams of the Pool app are out: nobody listens there"}},
		{"all out", pool(0, false, "out", "out"), concerns{}, []string{"pool_empty No Upstream of the Pool app can be reached: nobody listens"}},
		{"all drained", pool(0, false, "drained"), concerns{}, []string{"pool_empty No Upstream of the Pool app gets requests: all of them are drained."}},
		{"all drained for maintenance", pool(0, false, "drained"), concerns{closed: []string{"app"}}, []string{"pool_empty No Upstream of the Pool app gets requests: all of them are drained."}},
		{"all out, but asked", Status{Pools: []PoolStatus{{Name: "app", FailsOpen: true, Upstreams: upstreams("out", "out")}}}, concerns{},
			[]string{"pool_empty All Upstreams of the Pool app are out, and some are asked nevertheless: nobody listens there (connect: connection refused)."}},
		{"errors of the application", Status{}, concerns{errors: 50, requests: 100}, []string{"errors The application answers 50 % of the requests with an error (5xx)."}},
		{"few errors", Status{}, concerns{errors: 9, requests: 100}, nil},
		{"few requests", Status{}, concerns{errors: 4, requests: 4}, nil},
		{"none known", Status{Pools: []PoolStatus{{Name: "app", Missing: "app.internal: no such host"}}}, concerns{}, []string{"pool_empty No Upstream of the Pool app can be reached: app.internal: no such host."}},
		{"shedding", pool(1, true, "in"), concerns{}, []string{"shedding The Pool app has more to do than it bears"}},
		{"no certificate", cert(CertificateStatus{Failure: "dns: NXDOMAIN\nmore"}), concerns{}, []string{"certificate_missing There is no certificate for shop.example.com: dns: NXDOMAIN."}},
		{"being ordered", cert(CertificateStatus{Ordering: true}), concerns{}, nil},
		{"expired", cert(CertificateStatus{NotAfter: now.Add(-day)}), concerns{}, []string{"certificate_expired The certificate of shop.example.com has expired."}},
		{"failing", cert(CertificateStatus{NotAfter: now.Add(20 * day), Failure: "rate limited"}), concerns{}, []string{"certificate_failing The certificate of shop.example.com cannot be renewed, and ends in 20 days: rate limited."}},
		{"expiring", cert(CertificateStatus{NotAfter: now.Add(5*day + time.Hour)}), concerns{}, []string{"certificate_expiring The certificate of shop.example.com ends in 5 days."}},
		{"expiring in hours", cert(CertificateStatus{NotAfter: now.Add(36 * time.Hour), Source: "files /etc/shop.pem"}), concerns{}, []string{"certificate_expiring The certificate of shop.example.com ends in 36 hours."}},
		{"not valid yet", cert(CertificateStatus{NotBefore: now.Add(day), NotAfter: now.Add(80 * day)}), concerns{}, []string{"certificate_unfit Clients refuse the certificate of shop.example.com: it is not valid before 2026-11-22 12:00 UTC."}},
		{"of other names", cert(CertificateStatus{NotAfter: now.Add(80 * day), Faults: []string{"not issued for shop.example.com: it carries a.example.com"}}), concerns{}, []string{"certificate_unfit Clients may refuse the certificate of shop.example.com: not issued for shop.example.com: it carries a.example.com."}},
		{"a short one that is renewed in time", cert(CertificateStatus{NotAfter: now.Add(5 * day), NextTry: now.Add(day)}), concerns{}, nil},
		{"good", cert(CertificateStatus{NotAfter: now.Add(80 * day)}), concerns{}, nil},
		{"log", Status{AccessLog: &LogStatus{To: "/var/log/x", Failure: "no space left on device"}}, concerns{}, []string{"access_log_failing The access log cannot be written: no space left"}},
		{"log not reopened", Status{AccessLog: &LogStatus{To: "/var/log/x", Failure: "open /var/log/x: permission denied", Renamed: true}}, concerns{}, []string{"access_log_renamed The access log could not be reopened, and goes to the file that was renamed or deleted: open /var/log/x: permission denied."}},
		{"names", Status{}, concerns{sources: []string{"app.internal", "b"}}, []string{"names_failing Where Upstreams are cannot be looked up, what was known stays: app.internal, b."}},
		{"unstored", Status{}, concerns{unstored: []string{"certificates"}}, []string{"unstored The disk does not take what a restart needs: certificates."}},
		{"memory", Status{}, concerns{memoryShort: true}, []string{"memory Memory is short"}},
		{"draining", Status{State: "draining"}, concerns{}, []string{"draining Sluice ends"}},
		{"reload", Status{Config: Configured{Failed: "sluice.toml:3: x: bad\nsecond"}}, concerns{}, []string{"reload_refused The configuration file could not be put in force, the one before is: sluice.toml:3: x: bad."}},
		{"restart", Status{Config: Configured{Restart: []string{"log.access"}}}, concerns{}, []string{"restart_needed Changed in the configuration, but in force only after a restart: log.access."}},
		{"a robot", limited(1, 500, time.Second, 500), concerns{}, nil},
		{"two robots", limited(2, 500, time.Second, 500), concerns{}, nil},
		{"many clients", limited(3, 500, time.Second, 500), concerns{}, []string{"clients_limited The limit client_ip 10/s of shop.example.com refuses 3 clients, most often 203.0.113.1: 500 times lately."}},
		{"limited a little", limited(10, 3, time.Second, 3), concerns{}, nil},
		{"limited an hour ago", limited(10, 500, time.Hour, 500), concerns{}, nil},
		{"some now, and one before who was limited more", refuses(LimitedClient{"203.0.113.8", 500, now.Add(-2 * time.Minute)}, LimitedClient{"203.0.113.9", 40, now},
			LimitedClient{"203.0.113.10", 30, now}, LimitedClient{"2001:db8:1:2::/64", 30, now}),
			concerns{}, []string{"clients_limited The limit client_ip 10/s of shop.example.com refuses 3 clients, most often 203.0.113.9: 40 times lately."}},
		{"a proxy", refuses(LimitedClient{"203.0.113.9", 40, now}, LimitedClient{"10.0.0.7", 30, now}),
			concerns{}, []string{"clients_limited The limit client_ip 10/s of shop.example.com refuses 2 clients, most often 10.0.0.7: 30 times lately."}},
		{"a proxy with IPv6", refuses(LimitedClient{"fd00:1:2:3::/64", 30, now}),
			concerns{}, []string{"clients_limited The limit client_ip 10/s of shop.example.com refuses 1 client, most often fd00:1:2:3::/64: 30 times lately."}},
		{"all clients at once", Status{Limits: []LimitStatus{{Site: "shop.example.com", Name: "path 10/s", Refused: 30, shared: true, Top: []LimitedClient{{"#0123abcd", 30, now}}}}},
			concerns{}, []string{"clients_limited The limit path 10/s of shop.example.com, which all clients share, has refused 30 requests lately."}},
		{"a dry run", limited(10, 500, time.Second, 0), concerns{}, nil},
		{"the worst first", Status{Config: Configured{Restart: []string{"log.access"}}, State: "draining",
			Pools: []PoolStatus{{Name: "a", Available: 1, Upstreams: upstreams("in", "out")}, {Name: "b", Upstreams: upstreams("out")}}},
			concerns{}, []string{"pool_empty ", "upstreams_out ", "draining ", "restart_needed "}},
	} {
		tt.status.Time = now
		got := problems(&tt.status, tt.concerns)
		if len(got) != len(tt.want) {
			t.Errorf("%s: %+v, want %q", tt.name, got, tt.want)
			continue
		}
		for i, p := range got {
			if !strings.HasPrefix(p.Code+" "+p.Text, tt.want[i]) {
				t.Errorf("%s: %q, want %q", tt.name, p.Code+" "+p.Text, tt.want[i])
			}
			if p.Level != LevelWarn && p.Level != LevelError || p.Remedy == "" && p.Code != "draining" || !strings.HasSuffix(p.Text, ".") || strings.Contains(p.Text, "\n") {
				t.Errorf("%s: %+v", tt.name, p)
			}
			if !slices.Contains(ranks, p.Code) {
				t.Errorf("%s: the code %s has no rank", tt.name, p.Code)
			}
		}
	}
}

// Whoever has a certificate in files has to put a new one there: nobody orders it,
// and three days before its end a monitor by the exit status should know.
func TestACertificateInFilesIsRenewedByAPerson(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for left, level := range map[time.Duration]string{-time.Hour: LevelError, 2 * 24 * time.Hour: LevelError, 5 * 24 * time.Hour: LevelWarn} {
		got := certificateProblems(&CertificateStatus{Source: "files /etc/shop.pem", NotAfter: now.Add(left)}, now)
		if len(got) != 1 || got[0].Level != level || got[0].Remedy != "put a new one in the place of /etc/shop.pem; Sluice loads it by itself" || got[0].Params["file"] != "/etc/shop.pem" {
			t.Errorf("%v before its end: %+v", left, got)
		}
	}
}

// Why there is no certificate, or no new one, stands beside the text, for those who
// show it in another language.
func TestWhyThereIsNoCertificateIsAParam(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for code, c := range map[string]CertificateStatus{
		"certificate_missing": {Failure: "dns: NXDOMAIN\nmore"},
		"certificate_expired": {Failure: "dns: NXDOMAIN", NotAfter: now.Add(-day)},
		"certificate_failing": {Failure: "dns: NXDOMAIN.", NotAfter: now.Add(20 * day)},
	} {
		got := certificateProblems(&c, now)
		if len(got) != 1 || got[0].Code != code || got[0].Params["why"] != "dns: NXDOMAIN" {
			t.Errorf("%s: %+v", code, got)
		}
		if _, there := got[0].Params["days"]; there == c.NotAfter.IsZero() {
			t.Errorf("%s: days of what has no end: %+v", code, got[0].Params)
		}
	}
	c := CertificateStatus{NotAfter: now.Add(-day)}
	if _, there := certificateProblems(&c, now)[0].Params["why"]; there {
		t.Error("a reason that is none")
	}
}

// A Pool that a Site has without a name is in no [upstream.NAME].
func TestWhereTheServersOfAPoolAreWritten(t *testing.T) {
	for pool, want := range map[string]string{
		"app":               "servers in [upstream.app]",
		"127.0.0.1:8080":    "upstream of the Site or Route that has this address",
		"shop.example.com/": "upstream of the Site or Route that has this address",
	} {
		got := poolProblems(&PoolStatus{Name: pool, Upstreams: upstreams("out")}, false)
		if len(got) != 1 || got[0].Remedy != "start the application, or correct "+want {
			t.Errorf("%s: %+v", pool, got)
		}
	}
}

// An application that is stopped for maintenance is no error.
func TestPoolsThatAreClosedForMaintenance(t *testing.T) {
	text := plainSite("127.0.0.1:1") +
		"\n[[site]]\nhosts = [\"pay.example.com\"]\ntls = \"off\"\nupstream = \"pay\"\n" +
		"[[site.route]]\npath = \"/callback\"\nclass = \"critical\"\n" + pool("pay", "127.0.0.1:1")
	cfg, err := config.Parse("test.toml", []byte("[server]\nstate_dir = \"\"\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		under []string
		want  []string
	}{
		{nil, nil},
		{[]string{"shop.example.com"}, []string{"main"}},
		{[]string{"pay.example.com"}, nil}, // its critical Route is open
	} {
		var under []MaintenanceStatus
		for _, site := range tt.under {
			under = append(under, MaintenanceStatus{Site: site})
		}
		if got := closedPools(cfg, under); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, want %v", tt.under, got, tt.want)
		}
	}
	p := PoolStatus{Name: "main", Upstreams: upstreams("out")}
	for level, closed := range map[string]bool{LevelError: false, LevelWarn: true} {
		if got := poolProblems(&p, closed); len(got) != 1 || got[0].Level != level {
			t.Errorf("%+v, want %s", got, level)
		}
	}
}
