package server

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/config"
)

// reloaded is a Server that serves by a file, which a test rewrites.
type reloaded struct {
	*running
	file string
}

// byFile serves by a file. more stands under [server], which has free addresses
// otherwise; text is the rest.
func byFile(t testing.TB, more, text string) *reloaded {
	t.Helper()
	r := &reloaded{file: filepath.Join(t.TempDir(), "sluice.toml"), running: &running{t: t, diary: &diary{}}}
	r.write(more, text)
	cfg, err := config.Load(r.file)
	if err != nil {
		t.Fatal(err)
	}
	if r.Server, err = New(cfg, slog.New(slog.NewTextHandler(r.diary, nil))); err != nil {
		t.Fatal(err)
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	if err := r.Listen(r.ctx); err != nil {
		t.Fatal(err)
	}
	r.run()
	until(t, "it serves", func() bool { return r.diary.has("msg=serving") })
	return r
}

// write changes the file.
func (r *reloaded) write(more, text string) {
	r.t.Helper()
	for _, key := range []string{"http", "https", "admin"} {
		if !strings.Contains(more, key+" =") {
			more += "\n" + key + " = \"127.0.0.1:0\""
		}
	}
	if !strings.Contains(more, "state_dir ") { // nobody else's
		more += "\nstate_dir = \"\""
	}
	if !strings.Contains(text, "[log]") {
		text = "[log]\naccess = \"off\"\n" + text
	}
	if err := os.WriteFile(r.file, []byte("[server]\n"+more+"\n"+text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// reloads changes the file, and wants that it is put in force.
func (r *reloaded) reloads(more, text string) *Reloaded {
	r.t.Helper()
	r.write(more, text)
	done, err := r.Reload(r.ctx)
	if err != nil {
		r.t.Fatalf("reload: %v", err)
	}
	return done
}

// works wants that a request is answered by the upstream.
func (r *reloaded) works(when string) {
	r.t.Helper()
	if got := ask(r.t, r.HTTP(), get); !strings.HasSuffix(got, "hello") {
		r.t.Errorf("%s: %q", when, got)
	}
}

// showsAny reports whether a text stands anywhere in the metrics.
func (r *reloaded) showsAny(text string) bool {
	r.t.Helper()
	_, _, page := fetch(r.t, http.DefaultClient, "http://"+r.Admin().String()+"/metrics")
	return strings.Contains(page, text)
}

// oneSite is a Site with this Pool; more stands in the Site.
func oneSite(host, pool, more string) string {
	return "[[site]]\nhosts = [\"" + host + "\"]\ntls = \"off\"\nupstream = \"" + pool + "\"\n" + more + "\n"
}

// "The answer says what changed": Sites, Pools, Listeners, and the keys that need
// a restart, which "keep their old value until then".
func TestReloadSaysWhatHasChanged(t *testing.T) {
	up := app(t, answering(hello))
	base := oneSite("shop.example.com", "main", "") + pool("main", up)
	for _, tt := range []struct {
		name, more, text string
		want             []string
		restart          string
	}{
		{"nothing", "", base, nil, ""},
		{"a comment", "# why", base, nil, ""},
		{"a Site more", "", oneSite("www.example.com", "main", "") + base, []string{"site www.example.com: added"}, ""},
		{"another Site", "", oneSite("www.example.com", "main", "") + pool("main", up),
			[]string{"site www.example.com: added", "site shop.example.com: removed"}, ""},
		{"a Site's keys", "", oneSite("shop.example.com", "main", "bandwidth = \"1MiB\"\n[[site.limit]]\nkey = \"client_ip\"\nrate = \"1000/s\"") + pool("main", up),
			[]string{"site shop.example.com: changed: bandwidth, limit"}, ""},
		{"a Pool more", "", oneSite("shop.example.com", "other", "") + pool("main", up) + pool("other", up),
			[]string{"site shop.example.com: changed: upstream", "pool other: added"}, ""},
		{"a Pool's servers", "", oneSite("shop.example.com", "main", "") + "[upstream.main]\nservers = [\"" + up + "\", \"127.0.0.1:1\"]\nconnect_timeout = \"20s\"\n",
			[]string{"pool main: changed: servers (1 added, 0 removed)"}, ""},
		{"a weight", "", oneSite("shop.example.com", "main", "") + pool("main", up+" weight=3"), []string{"pool main: changed: servers"}, ""},
		{"a Pool's keys", "", base + "max_idle = 3\nmax_concurrency = 7\n", []string{"pool main: changed: max_idle, max_concurrency"}, ""},
		{"timeouts", "header_timeout = \"3s\"\nstream_timeout = \"1m\"", base,
			[]string{"server.header_timeout: changed, for new connections", "server.stream_timeout: changed"}, ""},
		{"HTTP/2", "", "[server.http2]\nmax_streams = 7\n" + base, []string{"server.http2: changed, for new connections"}, ""},
		{"a Listener", `https = ""`, base, []string{"server.https: off, no longer 127.0.0.1:0"}, ""},
		{"the CA's", "", "[acme]\nemail = \"ops@example.com\"\n" + base, []string{"acme: changed, for certificates that are ordered from now on"}, ""},
		{"what needs a restart", `state_dir = "/nowhere"`, base, nil, "server.state_dir"},
		{"more that does", `cache_memory = "1MiB"`, base, nil, "server.cache_memory"},
		{"and memory", `memory_limit = "1GiB"`, base, nil, "server.memory_limit"},
		{"the log", "", "[log]\naccess = \"stderr\"\n" + base, nil, "log.access"},
		{"the error log", "", "[log]\naccess = \"off\"\nerror = \"./error.log\"\n" + base, nil, "log.error"},
		{"its format", "", "[log]\naccess = \"off\"\nerror_format = \"json\"\n" + base, nil, "log.error_format"},
		{"samples", "", "[log]\naccess = \"off\"\n[[log.sample]]\nkeep = \"1/2\"\n" + base, []string{"log.sample: changed"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := byFile(t, "", base)
			done := s.reloads(tt.more, tt.text)
			if strings.Join(done.Changes, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("changes:\n%q\nwant\n%q", done.Changes, tt.want)
			}
			want := ""
			if tt.restart != "" {
				want = tt.restart + ": needs a restart, and keeps its old value until then"
			}
			if strings.Join(done.Restart, "\n") != want {
				t.Errorf("restart: %q, want %q", done.Restart, want)
			}
			if tt.name != "another Site" {
				s.works("after the reload")
			}
			again, err := s.Reload(s.ctx)
			if err != nil || len(again.Changes) > 0 || len(again.Restart) != len(done.Restart) {
				t.Errorf("once more: %+v, %v", again, err)
			}
			if !s.diary.has("configuration reloaded") {
				t.Error("the log does not tell")
			}
		})
	}
}

// "any error leaves the running Generation untouched and is reported to the
// caller with file and line": also one that only building or binding finds.
func TestAReloadThatFailsChangesNothing(t *testing.T) {
	up := app(t, answering(hello))
	taken := app(t, answering(hello))
	dir := t.TempDir()
	servers, page := filepath.Join(dir, "servers"), filepath.Join(dir, "page.html")
	for file, text := range map[string]string{servers: "127.0.0.1:nonsense\n", page: "{{request_id}} {{request_id}}"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	base := oneSite("shop.example.com", "main", "[[site.limit]]\nkey = \"client_ip\"\nrate = \"1000/s\"") + pool("main", up)
	more := oneSite("new.example.com", "new", "") + pool("new", "names.example.com:80")
	for _, tt := range []struct {
		name, more, text string
		want             []string
	}{
		{"no TOML", "", base + "\nnonsense", []string{"sluice.toml:20: "}},
		{"two mistakes", "", strings.Replace(base, "tls =", "tsl =", 1) + "max_idel = 3\n",
			[]string{"sluice.toml:11: site.tsl: ", "; did you mean", "sluice.toml:19: upstream.main.max_idel: "}},
		{"a Pool that cannot be built", "", more + base + "[upstream.late]\nservers_file = \"" + servers + "\"\n",
			[]string{"sluice.toml:27: pool late: ", servers + ":1: "}},
		{"a page that cannot be used", "", more + base + oneSite("paged.example.com", "main", "[site.degraded]\nhtml = \""+page+"\""),
			[]string{"sluice.toml:27: site paged.example.com: html: "}},
		{"an address that is taken", "http = \"" + taken + "\"", more + base,
			[]string{"sluice.toml:2: server.http: listen on " + taken, "another program has port"}},
		{"the last address is taken", "http = \"127.0.0.2:0\"\nadmin = \"" + taken + "\"", more + base,
			[]string{"sluice.toml:3: server.admin: listen on " + taken}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := byFile(t, "", base)
			before, sources, sockets := s.inForce.Load(), len(s.names.Stats().Sources), len(openSockets(t))
			s.write(tt.more, tt.text)
			_, err := s.Reload(s.ctx)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q:\n%v", want, err)
				}
			}
			if s.inForce.Load() != before {
				t.Error("another generation is in force")
			}
			if n := len(s.names.Stats().Sources); n != sources {
				t.Errorf("%d sources are followed, %d before", n, sources)
			}
			if n := len(openSockets(t)); n > sockets {
				t.Errorf("%d sockets are bound, %d before", n, sockets)
			}
			shows(t, s.running, `sluice_reloads_total{outcome="failed"} 1`, `sluice_reloads_total{outcome="done"} 0`)
			if s.showsAny("new.example.com") {
				t.Error("the metrics know a Site that is not in force")
			}
			s.works("after the error")
			if done := s.reloads("", base+"max_idle = 3\n"); len(done.Changes) != 1 {
				t.Errorf("the next reload says %q", done.Changes)
			}
			s.works("after the next reload")
		})
	}
}

// openSockets returns the sockets that this process listens on.
func openSockets(t *testing.T) (all []string) {
	t.Helper()
	listening := make(map[string]bool)
	table, err := os.ReadFile("/proc/self/net/tcp")
	if err != nil {
		t.Skip("skipped: this system has no /proc")
	}
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) > 9 && f[3] == "0A" { // TCP_LISTEN
			listening["socket:["+f[9]+"]"] = true
		}
	}
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if to, err := os.Readlink("/proc/self/fd/" + file.Name()); err == nil && listening[to] {
			all = append(all, to)
		}
	}
	return all
}
