package proxy

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/cache"
	"sluice/limiter"
	"sluice/upstream"
)

var steps = flag.Int("steps", 60, "of each client of the simulation of copies")

// page is a response that an origin has made.
type page struct {
	serial       int
	who          string // "all", or the one whom it is for
	target, lang string // lang: of the request, if it varies by that
	size         int
}

// content returns the body: no two pages have the same.
func (m page) content() []byte {
	b := make([]byte, m.size)
	rand.NewChaCha8([32]byte{byte(m.serial), byte(m.serial >> 8), byte(m.serial >> 16)}).Read(b)
	return b
}

func (m page) tag() string { return fmt.Sprintf(`"s%d"`, m.serial) }

// reuseSimulation throws random requests at a Proxy with copies and at a random
// origin, from a seed.
type reuseSimulation struct {
	t *testing.T
	p *testProxy

	mu    sync.Mutex
	dice  *rand.Rand
	pages []page
	n     int            // Exchanges
	ends  map[string]int // what came of them
}

func (s *reuseSimulation) roll(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dice.IntN(n)
}

func pick[T any](s *reuseSimulation, from ...T) T { return from[s.roll(len(from))] }

// targets are what visitors ask for. Those with a v vary.
var targets = []string{"/a", "/a", "/b", "/c?q=1", "/c?q=2", "/d", "/e", "/f", "/v1", "/v1", "/v2", "/v3", "/v4"}

// varies reports a target whose pages are by language.
func varies(target string) bool { return strings.HasPrefix(target, "/v") }

// asker is whom an origin takes a request to be from.
func asker(v *visit) string {
	if a := v.Header.Get("Authorization"); a != "" {
		return a
	}
	for _, c := range v.Cookies() {
		if c.Name == "session" {
			return c.Value
		}
	}
	return "all"
}

// newPage makes a page for a visit and returns it with the fields of its head that
// say for whom it is. What is for one person does not say that it is public.
func (s *reuseSimulation) newPage(v *visit) (m page, fields []string) {
	m = page{who: asker(v), target: v.URL.RequestURI(), size: pick(s, 0, 10, 10, 1000, 20_000, 20_000, 300_000)}
	if s.roll(20) == 0 {
		m.size = 3_000_000 // a copy may have 2 MiB here
	}
	control := pick(s, "", "max-age=60", "public, max-age=60", "max-age=0", "max-age=0, stale-while-revalidate=60", "no-cache",
		"max-age=0, stale-if-error=60", "max-age=60, must-revalidate", "public, s-maxage=60", "max-age=1", "public", "no-store")
	if s.roll(20) == 0 {
		control = "private"
	}
	if m.who != "all" {
		control = pick(s, "", "max-age=60", "private", "no-store", "max-age=60, must-revalidate")
	}
	if m.who != "all" && s.roll(2) == 0 {
		m.who, control = "all", pick(s, "public, max-age=60", "s-maxage=60", "public, max-age=0, stale-while-revalidate=60")
	}
	if control != "" {
		fields = append(fields, "Cache-Control: "+control)
	}
	if varies(m.target) {
		m.lang = v.Header.Get("Accept-Language")
		fields = append(fields, "Vary: Accept-Language")
	}
	if m.who != "all" || s.roll(20) == 0 {
		fields = append(fields, pick(s, "Set-Cookie: session="+m.who, "X-Nothing: 1"))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m.serial = len(s.pages)
	s.pages = append(s.pages, m)
	return m, append(fields, "ETag: "+m.tag(), fmt.Sprintf("X-Made: %d", m.serial), "X-Who: "+m.who)
}

// behave is an origin that does something else each time.
func (s *reuseSimulation) behave(v *visit) bool {
	v.content()
	for range s.roll(3) / 2 {
		v.say("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
	}
	switch s.roll(30) {
	case 0:
		v.reset()
		return false
	case 1: // in the middle of the head
		v.say("HTTP/1.1 200 OK\r\nCache-Con")
		v.reset()
		return false
	case 2: // is slow for ever
		v.untilGone()
		return false
	case 3, 4:
		return v.answer(pick(s, 500, 503), "broken")
	case 5, 6, 7, 8, 9:
		time.Sleep(time.Duration(s.roll(10)) * time.Millisecond) // what a slow one does, not a wait for anything
	}
	if v.Method == "HEAD" && s.roll(2) == 0 && s.sayHead(v) {
		return true
	}
	if tag := v.Header.Get("If-None-Match"); tag != "" && s.roll(3) > 0 {
		return s.confirm(v, tag)
	}
	m, fields := s.newPage(v)
	return s.send(v, m, fields)
}

// confirm answers that the page is the same, if it is for this visit, or about
// another one.
func (s *reuseSimulation) confirm(v *visit, tag string) bool {
	s.mu.Lock()
	i, err := strconv.Atoi(strings.Trim(tag, `"s`))
	known := err == nil && i < len(s.pages)
	var m page
	if known {
		m = s.pages[i]
	}
	s.mu.Unlock()
	who := asker(v)
	if !known || m.target != v.URL.RequestURI() || m.who != "all" && m.who != who ||
		varies(m.target) && m.lang != v.Header.Get("Accept-Language") {
		tag = `"another"`
	}
	fields := []string{"ETag: " + pick(s, tag, tag, tag, `"another"`), "X-Who: " + who}
	if more := pick(s, "", "", "Cache-Control: max-age=60", "Cache-Control: private", "Set-Cookie: session="+who); more != "" {
		fields = append(fields, more)
	}
	return v.say("HTTP/1.1 304 Not Modified\r\n" + lines(fields) + "\r\n")
}

// sayHead says to HEAD, and to whoever asks, that the newest page is as it was;
// false if there is none.
func (s *reuseSimulation) sayHead(v *visit) bool {
	target, lang := v.URL.RequestURI(), v.Header.Get("Accept-Language")
	s.mu.Lock()
	i := len(s.pages) - 1
	for i >= 0 && (s.pages[i].target != target || s.pages[i].who != "all" || varies(target) && s.pages[i].lang != lang) {
		i--
	}
	if i < 0 {
		s.mu.Unlock()
		return false
	}
	m := s.pages[i]
	s.mu.Unlock()
	return v.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\nETag: %s\r\nX-Who: %s\r\n\r\n", m.size, m.tag(), asker(v)))
}

// send sends a page, at once or piece by piece, and at times not all of it.
func (s *reuseSimulation) send(v *visit, m page, fields []string) bool {
	chunked := s.roll(2) == 0
	frame := fmt.Sprintf("Content-Length: %d", m.size)
	if chunked {
		frame = "Transfer-Encoding: chunked"
	}
	if !v.say("HTTP/1.1 200 OK\r\n" + frame + "\r\n" + lines(fields) + "\r\n") {
		return false
	}
	if v.Method == "HEAD" {
		return true
	}
	body, pieces, breaks := m.content(), 1+s.roll(4), s.roll(12) == 0
	for i := range pieces {
		p := body[len(body)*i/pieces : len(body)*(i+1)/pieces]
		if breaks && i == pieces/2 {
			v.reset()
			return false
		}
		if pieces == 4 {
			time.Sleep(time.Duration(s.roll(5)) * time.Millisecond)
		}
		if len(p) == 0 {
			continue
		}
		if chunked && !v.say(fmt.Sprintf("%x\r\n%s\r\n", len(p), p)) || !chunked && !v.say(string(p)) {
			return false
		}
	}
	return !chunked || v.say("0\r\n\r\n")
}

// visitor makes one Exchange and checks what came of it.
func (s *reuseSimulation) visitor() {
	s.mu.Lock()
	s.n++
	id := fmt.Sprintf("sim-%d", s.n)
	s.mu.Unlock()
	method := pick(s, "GET", "GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "POST")
	target, lang := pick(s, targets...), pick(s, "zh", "en")
	me, fields := "all", []string{"Request-Id: " + id, "Accept-Language: " + lang}
	switch s.roll(8) {
	case 0:
		me = pick(s, "alice", "bob")
		fields = append(fields, "Cookie: _ga=1; session="+me)
	case 1:
		me = pick(s, "carol", "dave")
		fields = append(fields, "Authorization: "+me)
	}
	if more := pick(s, "", "", "", "Range: bytes=5-8", "Cache-Control: no-cache", "Cookie: _ga=2",
		fmt.Sprintf(`If-None-Match: "s%d"`, s.roll(100)), `If-Match: "s1"`, "X-Forwarded-Host: evil.example"); more != "" {
		fields = append(fields, more)
	}
	w := newWire(s.t, method)
	e := s.p.begin(request(method, target, fields...), w)
	switch after := time.Duration(s.roll(20)) * time.Millisecond; s.roll(8) {
	case 0:
		defer time.AfterFunc(after, w.hangUp).Stop()
	case 1:
		defer time.AfterFunc(after, w.breakOff).Stop()
	}
	within(s.t, "the end of "+id, e.ended)
	s.check(id, w, me, target, lang)
}

// check holds one answer against what must never be.
func (s *reuseSimulation) check(id string, w *wire, me, target, lang string) {
	told := w.told()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends[told]++
	if told == "nothing" && w.err == nil || w.watcher != nil { // nobody is told anything by a broken wire
		s.t.Errorf("%s: told %s, watched: %v", id, told, w.watcher != nil)
	}
	for _, who := range w.field("X-Who") {
		if who != "all" && who != me {
			s.t.Errorf("%s: %s sees the head of %s's %s", id, me, who, target)
		}
	}
	if len(w.field("X-Made")) == 0 {
		return
	}
	serial, _ := strconv.Atoi(w.one("X-Made"))
	m := s.pages[serial]
	if m.target != target || m.who != "all" && m.who != me || varies(target) && m.lang != lang {
		s.t.Errorf("%s: %s asks for %s in %s and sees %+v", id, me, target, lang, m)
	}
	want := m.content()
	if w.status == 206 {
		want = want[min(5, len(want)):min(9, len(want))]
	}
	switch got := w.body.Bytes(); {
	case w.bodiless():
	case told == "200" && !bytes.Equal(got, want), told == "206" && !bytes.Equal(got, want):
		s.t.Errorf("%s: %s, but not whole: %d bytes of %d", id, told, len(got), len(want))
	case !bytes.HasPrefix(want, got):
		s.t.Errorf("%s: %s, and %d bytes that are not those of %+v", id, told, len(got), m)
	}
}

// turn has the owner do something while requests are under way.
func (s *reuseSimulation) turn(generations []*Generation) {
	switch c := generations[0].Cache; s.roll(4) {
	case 0:
		c.Purge("shop.example.com", pick(s, targets...), false)
	case 1:
		c.Purge("shop.example.com", pick(s, "/", "/v"), true)
	case 2:
		g := *pick(s, generations...) // each is put in force once
		s.p.Use(&g)
	}
}

// Nobody ever gets a page that was made for somebody else, or for another target
// or variant; a response that ends cleanly is whole; each Exchange ends and is
// logged once; and in the end nothing is left.
func TestReuseSimulation(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("go test ./proxy -run TestReuseSimulation -steps %d -seed %d", *steps, *seed)
	s := &reuseSimulation{t: t, dice: rand.New(rand.NewPCG(*seed, 2)), ends: map[string]int{}}
	pool := poolOf(t, upstream.Config{ResponseTimeout: 100 * time.Millisecond, RetryShare: 2,
		FailOn: []int{502, 503, 504}}, newOrigin(t, s.behave), newOrigin(t, s.behave))
	s.p = newProxy(t, pool)
	admission := limiter.NewAdmission(limiter.AdmissionOptions{Limit: 6, Reserve: -1, MaxWait: 20 * time.Millisecond})
	generations := s.generations(admission)
	const clients = 12
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for range *steps {
				if c == 0 {
					s.turn(generations)
				}
				s.visitor()
			}
		})
	}
	wg.Wait()
	s.checkLog(clients * *steps)
	s.checkLeft(admission, generations[0].Cache)
}

// generations returns some that differ in what they do with copies.
func (s *reuseSimulation) generations(a *limiter.Admission) (all []*Generation) {
	c, err := cache.New(16 << 20)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	base := *s.p.gen.Sites.exact["shop.example.com"]
	for _, set := range []func(*Route){
		bothOfThem,
		func(r *Route) { r.Reuse, r.LastGood = &Reuse{Wait: 5 * time.Millisecond}, time.Hour },
		func(r *Route) { r.Reuse, r.LastGood = &Reuse{TTL: time.Minute, Wait: patience}, time.Hour },
		lastGoods,
	} {
		site, g := base, *s.p.gen
		site.IgnoreCookies = []string{"_ga*"}
		site.Routes = []Route{base.Routes[0]}
		site.Routes[0].Admission = a
		set(&site.Routes[0])
		g.Cache, g.Sites = c, NewSites(nil)
		g.Sites.Add("shop.example.com", &site)
		all = append(all, &g)
		s.p.Use(&g)
	}
	return all
}

// checkLog wants one line for each Exchange.
func (s *reuseSimulation) checkLog(n int) {
	seen, kinds := map[string]bool{}, map[string]int{}
	for _, l := range s.p.logged() {
		if seen[l.id] || l.status == 0 {
			s.t.Errorf("logged twice, or without a status: %+v", l)
		}
		seen[l.id] = true
		kinds[l.cache]++
	}
	if len(seen) != n {
		s.t.Errorf("%d lines in the log, want %d", len(seen), n)
	}
	s.mu.Lock() // a validation in the background may be under way
	defer s.mu.Unlock()
	s.t.Logf("ends: %v, by the cache: %v, pages: %d", s.ends, kinds, len(s.pages))
}

// checkLeft wants that nothing is held when all have ended.
func (s *reuseSimulation) checkLeft(a *limiter.Admission, c *cache.Cache) {
	until(s.t, "all connections to be given back", func() bool { return inFlight(s.p.gen) == 0 })
	for _, target := range targets {
		until(s.t, "the end of the Flight for "+target, func() bool {
			f, ok := c.Begin(cache.AppendKey(nil, false, []byte("shop.example.com"), []byte(target)), time.Now())
			if ok {
				f.End(time.Now())
			}
			return ok
		})
	}
	until(s.t, "all copies to be released", func() bool { st := c.Stats(); return st.Held == 0 && st.Filling == 0 })
	until(s.t, "all places to be given back", func() bool { return a.Stats().InFlight == 0 })
}
