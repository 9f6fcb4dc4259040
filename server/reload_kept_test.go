package server

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"sluice/certs/certstest"
	"sluice/config"
)

// Every key is told of by the name that it has in the file.
func TestDifferencesAreCalledAsTheirKeys(t *testing.T) {
	example, err := os.ReadFile("../config.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{config.Server{}, config.Site{}, config.Pool{}} {
		kind := reflect.TypeOf(v)
		for i := range kind.NumField() {
			name := kind.Field(i).Name
			if kind == reflect.TypeFor[config.Pool]() && name == "Name" {
				continue // another name is another Pool
			}
			key := keyOfField(name)
			if !strings.Contains(string(example), key+" ") && !strings.Contains(string(example), "."+key+"]") {
				t.Errorf("%v.%s is told of as %q, which is no key", kind, name, key)
			}
		}
	}
}

// "Pools whose config is unchanged are the SAME Pool object"; so are limits,
// waiting rooms, what bounds a Pool, certificates and Listeners. What has
// changed begins anew.
func TestWhatHasNotChangedIsTheSame(t *testing.T) {
	up := app(t, answering(hello))
	const limits = "[[site.limit]]\nkey = \"client_ip\"\nrate = \"1000/s\"\n[[site.limit]]\nkey = \"client_ip\"\nconcurrent = 100\n"
	room := "[site.waiting_room]\nrate = \"1000/s\"\n"
	text := func(site, pool string) string {
		return oneSite("shop.example.com", "main", site) + oneSite("quiet.example.com", "quiet", limits+room) +
			"[[site]]\nhosts = [\"own.example.com\"]\ntls = \"self-signed\"\nupstream = \"quiet\"\n" +
			"[upstream.main]\nservers = [\"" + up + "\"]\nmax_concurrency = 50\n" + pool +
			"[upstream.quiet]\nservers = [\"" + up + "\"]\nmax_concurrency = 50\n"
	}
	s := byFile(t, "", text(limits+room, ""))
	was := s.inForce.Load()
	s.reloads("", text("bandwidth = \"1GiB\"\n"+strings.Replace(limits, "1000/s", "2000/s", 1)+room, "max_idle = 3\n"))
	now := s.inForce.Load()
	for what, same := range map[string]bool{
		"the quiet pool":       was.pools["quiet"] == now.pools["quiet"],
		"its members":          was.members["quiet"] == now.members["quiet"],
		"the quiet site":       was.sites["quiet.example.com"] == now.sites["quiet.example.com"],
		"the room":             was.rooms["shop.example.com"] == now.rooms["shop.example.com"],
		"the passes":           was.sites["shop.example.com"].Passes == now.sites["shop.example.com"].Passes,
		"the other limit":      was.limits["shop.example.com"][1] == now.limits["shop.example.com"][1],
		"places of both pools": was.admissions["main"] == now.admissions["main"] && was.admissions["quiet"] == now.admissions["quiet"],
		"the retry budget":     was.pools["main"].Budget == now.pools["main"].Budget,
		"the certificate":      was.sources[0] == now.sources[0],
		"the listeners":        was.doors == now.doors,
		"the wires":            was.wires == now.wires,
		"the maintenance":      was.sites["shop.example.com"].Maintenance == now.sites["shop.example.com"].Maintenance,
	} {
		if !same {
			t.Errorf("%s is another one", what)
		}
	}
	for what, same := range map[string]bool{
		"the pool":  was.pools["main"] == now.pools["main"],
		"the site":  was.sites["shop.example.com"] == now.sites["shop.example.com"],
		"the limit": was.limits["shop.example.com"][0] == now.limits["shop.example.com"][0],
	} {
		if same {
			t.Errorf("%s is the old one", what)
		}
	}
}

// "Health, idle connections survive": a Pool that changes keeps the Upstreams
// that are as they were.
func TestAChangedPoolKeepsItsUpstreams(t *testing.T) {
	connections := make(chan bool, 10)
	up := app(t, func(c net.Conn) {
		connections <- true
		answering(hello)(c)
	})
	s := byFile(t, "", oneSite("shop.example.com", "main", "")+pool("main", up))
	s.works("before")
	s.reloads("", oneSite("shop.example.com", "main", "")+"[upstream.main]\nservers = [\""+up+"\", \"127.0.0.1:1 drain=true\"]\nconnect_timeout = \"20s\"\nretry_on = [503]\n")
	s.works("after")
	if n := len(connections); n != 1 {
		t.Errorf("%d connections to the upstream, want the one of before", n)
	}
	shows(t, s.running, `sluice_upstream_attempts_total{pool="main",upstream="`+up+`"} 2`)
}

// "Pools that are gone are retired without cutting Exchanges that are under way".
func TestAnExchangeOutlivesItsPool(t *testing.T) {
	up, reached, answer := slowApp(t)
	s := byFile(t, "", oneSite("shop.example.com", "main", "")+pool("main", up))
	c := dial(t, s.HTTP())
	io.WriteString(c, get)
	within(t, "the request", reached)
	other := app(t, answering(hello))
	s.reloads("", oneSite("shop.example.com", "other", "")+pool("other", other))
	if s.showsAny(`pool="main"`) {
		t.Error("the pool that is gone is still shown")
	}
	s.works("by the new pool")
	answer <- true
	if got, _ := io.ReadAll(c); !strings.HasSuffix(string(got), "hello") {
		t.Errorf("the old exchange got %q", got)
	}
}

// "Certificates: files re-read"; a Site that is added has its own at once.
func TestAReloadReadsCertificatesAnew(t *testing.T) {
	ca := certstest.NewCA(t)
	text, cert, key := filesSite(t, ca, "127.0.0.1:1")
	s := byFile(t, "", text)
	serial := func(host string) string {
		return dialTLS(t, s.running, host).ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	first := serial("shop.example.com")
	newCert, newKey := ca.Issue(t, certstest.Leaf{Names: []string{"shop.example.com"}}).Write(t, t.TempDir())
	replace(t, newKey, key)
	replace(t, newCert, cert)
	more, moreKey := ca.Issue(t, certstest.Leaf{Names: []string{"new.example.com"}}).Write(t, t.TempDir())
	done := s.reloads("", text+fmt.Sprintf("\n[[site]]\nhosts = [\"new.example.com\"]\ntls = { cert = %q, key = %q }\nupstream = \"127.0.0.1:1\"\n", more, moreKey))
	if !strings.Contains(strings.Join(done.Changes, "\n"), "certificate of shop.example.com: loaded anew") {
		t.Errorf("changes: %q", done.Changes)
	}
	if serial("shop.example.com") == first {
		t.Error("the old certificate is served")
	}
	serial("new.example.com")
}

// "Maintenance state stays": whatever the Site's first host is, and if it goes
// and comes back.
func TestMaintenanceOutlivesReloads(t *testing.T) {
	up := app(t, answering(hello))
	text := func(hosts string) string { return oneSite(hosts, "main", "") + pool("main", up) }
	s := byFile(t, "", text(`shop.example.com", "www.example.com`))
	if _, err := s.BeginMaintenance("www.example.com", time.Time{}); err != nil {
		t.Fatal(err)
	}
	for _, hosts := range []string{`shop.example.com`, `www.example.com", "shop.example.com`, `other.example.com`, `shop.example.com", "www.example.com`} {
		s.reloads("", text(hosts))
		want := "503 Service Unavailable"
		if hosts == "other.example.com" {
			want = "421 Misdirected Request"
		}
		if got := ask(t, s.HTTP(), get); !strings.HasPrefix(got, "HTTP/1.1 "+want) {
			t.Errorf("with %s: %.40q", hosts, got)
		}
	}
	if _, err := s.EndMaintenance("shop.example.com"); err != nil {
		t.Fatal(err)
	}
	s.works("when it is open again")
}

// "100 reloads leave no goroutine, descriptor or heap growth".
func TestReloadsLeaveNothingBehind(t *testing.T) {
	up, other := app(t, answering(hello)), app(t, answering(hello))
	texts := [2]string{
		oneSite("shop.example.com", "main", "") + pool("main", up),
		oneSite("shop.example.com", "main", "[[site.limit]]\nkey = \"client_ip\"\nrate = \"1000/s\"\n") + oneSite("www.example.com", "more", "") +
			pool("main", other) + pool("more", "127.0.0.1:1"),
	}
	mores := [2]string{"", "header_timeout = \"3s\"\nidle_timeout = \"20s\""}
	s := byFile(t, "", texts[0])
	turn := func(i int) {
		s.reloads(mores[i%2], texts[i%2])
		s.works("between")
	}
	measure := func() (goroutines int, heap uint64) {
		for range 3 {
			runtime.GC()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return runtime.NumGoroutine(), m.HeapAlloc
	}
	for i := range 4 {
		turn(i)
	}
	http.DefaultClient.CloseIdleConnections()
	sockets := len(openSockets(t))
	goroutines, heap := measure()
	for i := range 100 {
		turn(i)
	}
	until(t, "the goroutines of old connections end", func() bool { n, _ := measure(); return n <= goroutines+2 })
	if _, after := measure(); after > heap+4<<20 {
		t.Errorf("the heap grew from %d to %d KiB", heap>>10, after>>10)
	}
	if n := len(openSockets(t)); n != sockets {
		t.Errorf("%d sockets are bound, %d before", n, sockets)
	}
	if n := len(s.bygone.leftDoors()); n > 4 {
		t.Errorf("%d old listeners are kept", n)
	}
	shows(t, s.running, `sluice_reloads_total{outcome="done"} 104`)
}
