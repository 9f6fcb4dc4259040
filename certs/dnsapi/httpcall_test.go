package dnsapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// httpFake is a provider's API in memory. It checks what it is asked by the
// provider's documentation.
type httpFake interface {
	http.Handler
	put(name, value string)         // a TXT record
	texts(name string) []string     // the values of the name's TXT records, sorted
	asked(action string) (n int)    // how often it was asked that, refusals included
	fail(n int, h http.HandlerFunc) // let h answer the next n requests
}

// httpKind is one of the three providers, for the tests that hold for all.
type httpKind struct {
	name    string   // as in Error.Provider
	secrets []string // that the fake knows
	actions []string // in the fake's words: add, list, delete
	fake    func() httpFake
	// provider makes one with these secrets, and gives access to its caller.
	provider func(secrets []Secret, endpoint string, client *http.Client) (Provider, *httpCaller)
	// refuse answers as the API does when it says no.
	refuse func(w http.ResponseWriter, status int, code, message string)
	// badKey is the code for the last of the secrets being another, and
	// noZone that for a zone of somebody else.
	badKey, noZone string
}

func httpKinds() []httpKind { return []httpKind{tencentKind(), aliyunKind(), cloudflareKind()} }

// httpRecord is in the zone that the fakes have.
func httpRecord(label, value string) Record {
	return Record{Zone: "example.com", Name: label + ".example.com", Value: value}
}

func httpSecret(s string) Secret { return func() (string, error) { return s, nil } }

func httpSecrets(texts []string) (secrets []Secret) {
	for _, s := range texts {
		secrets = append(secrets, httpSecret(s))
	}
	return secrets
}

// httpServe starts a server until the test's end. Nothing of it is left then.
func httpServe(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// provide makes a provider that speaks to h, and records its pauses.
func (k httpKind) provide(t *testing.T, h http.Handler) (Provider, *httpCaller, *[]time.Duration) {
	t.Helper()
	p, c := k.provider(httpSecrets(k.secrets), httpServe(t, h).URL, nil)
	pauses := new([]time.Duration)
	c.pause = func(ctx context.Context, d time.Duration) error {
		*pauses = append(*pauses, d)
		return ctx.Err()
	}
	return p, c, pauses
}

// httpEach runs a test for each provider.
func httpEach(t *testing.T, test func(t *testing.T, k httpKind)) {
	for _, k := range httpKinds() {
		t.Run(k.name, func(t *testing.T) { test(t, k) })
	}
}

// httpError is err as an *Error, after looking at what every one must keep to.
func httpError(t *testing.T, k httpKind, err error, action string) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error", err)
	}
	if e.Provider != k.name || e.Action != action {
		t.Errorf("provider %q, action %q; want %q, %q", e.Provider, e.Action, k.name, action)
	}
	if strings.HasSuffix(e.Remedy, ".") || strings.ContainsAny(e.Error()+e.Remedy, "\r\n") {
		t.Errorf("not as errors are written: %q, %q", e.Error(), e.Remedy)
	}
	httpQuiet(t, err, k.secrets)
	return e
}

// httpQuiet fails the test if anything that can be got out of err tells a secret.
func httpQuiet(t *testing.T, err error, secrets []string) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		httpHidden(t, e.Error(), secrets, "")
	}
	httpHidden(t, fmt.Sprintf("%+v", err), secrets, "")
	var e *Error
	if errors.As(err, &e) {
		httpHidden(t, fmt.Sprintf("%#v %s %s", e.Cause, e.Code, e.Remedy), secrets, "")
	}
}

func TestRecordsComeAndGo(t *testing.T) {
	httpEach(t, func(t *testing.T, k httpKind) {
		fake := k.fake()
		p, _, _ := k.provide(t, fake)
		one, two := httpRecord("_acme-challenge.shop", "value-One_1"), httpRecord("_acme-challenge.shop", "value-two_2")
		odd := httpRecord("_acme-challenge.shop", `a "b" \c 1*+é~`)
		fake.put(one.Name, "VALUE-ONE_1") // as some filters take it for the same
		fake.put("other.example.com", one.Value)

		for _, step := range []struct {
			what string
			do   func(context.Context, Record) error
			r    Record
			want []string
		}{
			{"remove none", p.Remove, two, nil},
			{"add", p.Add, one, []string{one.Value}},
			{"add again", p.Add, one, []string{one.Value}},
			{"add another", p.Add, two, []string{one.Value, two.Value}},
			{"add an odd one", p.Add, odd, []string{odd.Value, one.Value, two.Value}},
			{"remove one", p.Remove, one, []string{odd.Value, two.Value}},
			{"remove it again", p.Remove, one, []string{odd.Value, two.Value}},
			{"remove the odd one", p.Remove, odd, []string{two.Value}},
			{"remove the other", p.Remove, two, nil},
		} {
			if err := step.do(t.Context(), step.r); err != nil {
				t.Fatalf("%s: %v", step.what, err)
			}
			if got, want := fake.texts(one.Name), append([]string{"VALUE-ONE_1"}, step.want...); !httpSame(got, want) {
				t.Fatalf("%s: %q are there, want %q", step.what, got, want)
			}
		}
		if got := fake.texts("other.example.com"); !slices.Equal(got, []string{one.Value}) {
			t.Errorf("another name has %q", got)
		}
	})
}

func httpSame(got, want []string) bool {
	want = slices.Clone(want)
	slices.Sort(want)
	return slices.Equal(got, want)
}

func TestTheApexHasRecordsToo(t *testing.T) {
	httpEach(t, func(t *testing.T, k httpKind) {
		fake := k.fake()
		p, _, _ := k.provide(t, fake)
		r := Record{Zone: "example.com", Name: "example.com", Value: "v"}
		if err := p.Add(t.Context(), r); err != nil || !slices.Equal(fake.texts("example.com"), []string{"v"}) {
			t.Fatalf("%v, %q", err, fake.texts("example.com"))
		}
		if err := p.Remove(t.Context(), r); err != nil || len(fake.texts("example.com")) != 0 {
			t.Fatalf("%v, %q", err, fake.texts("example.com"))
		}
	})
}

func TestTheRecordIsFoundOnALaterPage(t *testing.T) {
	httpEach(t, func(t *testing.T, k httpKind) {
		fake := k.fake()
		p, _, _ := k.provide(t, fake)
		r := httpRecord("_acme-challenge", "ours")
		for i := range 2*pageSize + 50 {
			fake.put(r.Name, fmt.Sprint("other ", i))
		}
		fake.put(r.Name, r.Value)
		if err := p.Remove(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if got := fake.texts(r.Name); len(got) != 2*pageSize+50 || slices.Contains(got, r.Value) {
			t.Errorf("%d records are left", len(got))
		}
		if n := fake.asked(k.actions[1]); n != 3 {
			t.Errorf("asked for %d pages, want 3", n)
		}
	})
}

func TestPagesAreBounded(t *testing.T) {
	httpEach(t, func(t *testing.T, k httpKind) {
		fake := k.fake()
		p, _, _ := k.provide(t, fake)
		r := httpRecord("_acme-challenge", "ours")
		for i := range maxPages*pageSize + 1 {
			fake.put(r.Name, fmt.Sprint("other ", i))
		}
		e := httpError(t, k, p.Remove(t.Context(), r), "remove")
		if e.Remedy == "" || !strings.Contains(e.Error(), "2000") {
			t.Errorf("%v; %s", e, e.Remedy)
		}
		if n := fake.asked(k.actions[1]); n != maxPages {
			t.Errorf("asked for %d pages, want %d", n, maxPages)
		}
	})
}

func TestAWrongKeyIsToldWithItsRemedy(t *testing.T) {
	httpEach(t, func(t *testing.T, k httpKind) {
		fake := k.fake()
		wrong := slices.Clone(k.secrets)
		wrong[len(wrong)-1] = "anotherSecretThanThe0ne"
		p, _ := k.provider(httpSecrets(wrong), httpServe(t, fake).URL, nil)
		err := p.Add(t.Context(), httpRecord("_acme-challenge", "v"))
		e := httpError(t, k, err, "add")
		httpQuiet(t, err, wrong)
		if e.Code != k.badKey || e.Remedy == "" {
			t.Errorf("code %q, remedy %q; want code %q", e.Code, e.Remedy, k.badKey)
		}
		if e.Record.Name != "_acme-challenge.example.com" || !strings.Contains(e.Error(), "add TXT _acme-challenge.example.com: "+k.badKey) {
			t.Errorf("%v", e)
		}
	})
}

func TestAZoneOfSomebodyElseIsToldWithItsRemedy(t *testing.T) {
	httpEach(t, func(t *testing.T, k httpKind) {
		p, _, _ := k.provide(t, k.fake())
		r := Record{Zone: "example.net", Name: "_acme-challenge.example.net", Value: "v"}
		for action, do := range map[string]func(context.Context, Record) error{"add": p.Add, "remove": p.Remove} {
			e := httpError(t, k, do(t.Context(), r), action)
			if e.Code != k.noZone || !strings.Contains(e.Remedy, "zone") {
				t.Errorf("%s: code %q, remedy %q; want code %q", action, e.Code, e.Remedy, k.noZone)
			}
		}
	})
}

func TestPatienceIsShownWhereItIsAskedFor(t *testing.T) {
	httpEach(t, func(t *testing.T, k httpKind) {
		for _, tt := range []struct {
			name       string
			retryAfter string
			times      int
			pauses     []time.Duration
			ok         bool
		}{
			{"once", "2", 1, []time.Duration{2 * time.Second}, true},
			{"twice", "0", 2, []time.Duration{0, 0}, true},
			{"for ever", "2", 100, []time.Duration{2 * time.Second, 2 * time.Second}, false},
			{"of unknown length", "", 1, []time.Duration{usualWait}, true},
			{"as much as we have", "5", 1, []time.Duration{maxWait}, true},
			{"more than we have", "6", 1, nil, false},
		} {
			for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
				t.Run(fmt.Sprint(tt.name, " ", status), func(t *testing.T) {
					fake := k.fake()
					p, _, pauses := k.provide(t, fake)
					fake.fail(tt.times, func(w http.ResponseWriter, r *http.Request) {
						if tt.retryAfter != "" {
							w.Header().Set("Retry-After", tt.retryAfter)
						}
						w.WriteHeader(status)
						io.WriteString(w, "<html>later</html>")
					})
					err := p.Add(t.Context(), httpRecord("_acme-challenge", "v"))
					if (err == nil) != tt.ok || !slices.Equal(*pauses, tt.pauses) {
						t.Errorf("%v after pauses of %v; want success %v after %v", err, *pauses, tt.ok, tt.pauses)
					}
					if err != nil && httpError(t, k, err, "add").Remedy == "" {
						t.Error("no remedy")
					}
				})
			}
		}
	})
}

// "Retry-After = HTTP-date / delay-seconds" (RFC 9110 section 10.2.3).
func TestRetryAfterIsReadInBothForms(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := httpCaller{now: func() time.Time { return now }}
	for _, tt := range []struct {
		value string
		want  time.Duration
	}{
		{"0", 0}, {"120", 2 * time.Minute}, {"Sun, 01 Mar 2026 12:00:03 GMT", 3 * time.Second}, {"Sun, 01 Mar 2026 11:00:00 GMT", 0},
		{"", usualWait}, {"soon", usualWait}, {"-5", usualWait}, {"1.5", usualWait}, {"99999999999999999999", usualWait},
	} {
		if got := c.patience(tt.value); got != tt.want {
			t.Errorf("%q: %v, want %v", tt.value, got, tt.want)
		}
	}
}

// httpCounter answers by h and counts.
func httpCounter(h http.HandlerFunc) (http.Handler, func() int) {
	var mu sync.Mutex
	n := 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			n++
			mu.Unlock()
			h(w, r)
		}), func() int {
			mu.Lock()
			defer mu.Unlock()
			return n
		}
}

func TestOtherAnswersThanTheAPIsAreFailures(t *testing.T) {
	say := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	httpEach(t, func(t *testing.T, k httpKind) {
		for _, tt := range []struct {
			name   string
			answer http.HandlerFunc
			want   string
		}{
			{"nothing", say(200, ""), "not the JSON expected"},
			{"a page", say(200, "<html>sign in to the hotel's network</html>"), "not the JSON expected"},
			{"half an answer", say(200, `{"Response":{"Recor`), "not the JSON expected"},
			{"another type", say(200, `[1,2,3]`), "not the JSON expected"},
			{"null in depth", say(200, strings.Repeat("[", 1<<19)), "not the JSON expected"},
			{"a broken server", say(500, `{}`), "HTTP 500"},
			{"a broken server's page", say(502, "<html>"), "HTTP 502 Bad Gateway with a body"},
			{"an unknown status", say(799, "-"), "HTTP 799 with a body"},
			{"a redirect", func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://127.0.0.1:1/elsewhere", http.StatusTemporaryRedirect)
			}, "redirect"},
			{"a hang-up", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, "no answer from 127.0.0.1"},
			{"half a body", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "1000")
				io.WriteString(w, "{")
			}, "no answer from 127.0.0.1"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				h, count := httpCounter(tt.answer)
				p, _, pauses := k.provide(t, h)
				e := httpError(t, k, p.Add(t.Context(), httpRecord("_acme-challenge", "v")), "add")
				if !strings.Contains(e.Error(), tt.want) {
					t.Errorf("got %q, want it to say %q", e, tt.want)
				}
				if count() != 1 || len(*pauses) != 0 {
					t.Errorf("asked %d times", count())
				}
			})
		}
	})
}

func TestAnAnswerIsReadToItsBoundOnly(t *testing.T) {
	httpEach(t, func(t *testing.T, k httpKind) {
		sent := make(chan int, 1)
		p, _, _ := k.provide(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, chunk := 0, make([]byte, 64<<10)
			for n < 1<<30 {
				written, err := w.Write(chunk)
				if n += written; err != nil {
					break
				}
			}
			sent <- n
		}))
		e := httpError(t, k, p.Add(t.Context(), httpRecord("_acme-challenge", "v")), "add")
		if !strings.Contains(e.Error(), "more than 1048576 bytes") {
			t.Error(e)
		}
		if n := <-sent; n > 64<<20 {
			t.Errorf("took %d bytes", n)
		}
	})
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	httpEach(t, func(t *testing.T, k httpKind) {
		for _, status := range []int{301, 302, 303, 307, 308} {
			elsewhere, count := httpCounter(func(http.ResponseWriter, *http.Request) {})
			target := httpServe(t, elsewhere).URL
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target+r.URL.Path, status) })
			client := &http.Client{Transport: newTransport(), CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
			p, _ := k.provider(httpSecrets(k.secrets), httpServe(t, h).URL, client)
			httpError(t, k, p.Add(t.Context(), httpRecord("_acme-challenge", "v")), "add")
			if n := count(); n != 0 {
				t.Errorf("%d was followed %d times", status, n)
			}
		}
	})
}

// httpHang keeps a request until it is given up, and tells when it has come.
func httpHang() (http.Handler, chan struct{}) {
	came := make(chan struct{}, 10)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // or else the server does not see the client go
		came <- struct{}{}
		<-r.Context().Done()
	}), came
}

func TestACallEndsWithItsContext(t *testing.T) {
	httpEach(t, func(t *testing.T, k httpKind) {
		h, came := httpHang()
		p, _, _ := k.provide(t, h)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-came; cancel() }()
		err := p.Remove(ctx, httpRecord("_acme-challenge", "v"))
		httpError(t, k, err, "remove")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestACallEndsByItself(t *testing.T) {
	httpEach(t, func(t *testing.T, k httpKind) {
		h, _ := httpHang()
		p, c, _ := k.provide(t, h)
		if c.limit != 15*time.Second {
			t.Errorf("limit %v", c.limit)
		}
		c.limit = 30 * time.Millisecond
		err := p.Add(t.Context(), httpRecord("_acme-challenge", "v"))
		if e := httpError(t, k, err, "add"); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(e.Remedy, "reached") {
			t.Errorf("got %v; %s", err, e.Remedy)
		}
	})
}

// The limit holds for a call with its repetitions, and for the pauses.
func TestAPauseEndsWithTheCall(t *testing.T) {
	httpEach(t, func(t *testing.T, k httpKind) {
		h, count := httpCounter(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "5")
			w.WriteHeader(http.StatusTooManyRequests)
			io.WriteString(w, "{}")
		})
		p, c, _ := k.provide(t, h)
		c.pause, c.limit = pause, 200*time.Millisecond
		begun := time.Now()
		e := httpError(t, k, p.Add(t.Context(), httpRecord("_acme-challenge", "v")), "add")
		if took := time.Since(begun); took > 4*time.Second || count() != 1 {
			t.Errorf("%v after %v and %d requests", e, took, count())
		}
	})
}

func TestPauseWaits(t *testing.T) {
	if err := pause(t.Context(), time.Microsecond); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := pause(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestASecretThatCannotBeUsedIsNotSent(t *testing.T) {
	httpEach(t, func(t *testing.T, k httpKind) {
		for _, tt := range []struct {
			name   string
			secret Secret
			want   string
			is     error
		}{
			{"unreadable", func() (string, error) {
				return "halfOfIt0001", &fs.PathError{Op: "open", Path: "key.txt", Err: fs.ErrPermission}
			}, "open key.txt: permission denied", fs.ErrPermission},
			{"empty", httpSecret(" \n"), "is empty", nil},
			{"of two lines", httpSecret("twoLines0001\r\nX-Evil: 1"), "characters", nil},
			{"binary", httpSecret("\x00\x01\x02binary0001"), "characters", nil},
			{"in another script", httpSecret("ключключключ"), "characters", nil},
		} {
			for i := range k.secrets {
				t.Run(fmt.Sprint(tt.name, " ", i), func(t *testing.T) {
					h, count := httpCounter(func(http.ResponseWriter, *http.Request) {})
					secrets := httpSecrets(k.secrets)
					secrets[i] = tt.secret
					p, _ := k.provider(secrets, httpServe(t, h).URL, nil)
					err := p.Add(t.Context(), httpRecord("_acme-challenge", "v"))
					e := httpError(t, k, err, "add")
					httpHidden(t, e.Error()+e.Remedy, []string{"halfOfIt0001", "twoLines0001", "binary0001", "ключключ"}, "")
					if !strings.Contains(e.Error(), tt.want) || e.Remedy == "" || tt.is != nil && !errors.Is(err, tt.is) {
						t.Errorf("%v; %s", e, e.Remedy)
					}
					if count() != 0 {
						t.Error("something was sent")
					}
				})
			}
		}
		p, _ := k.provider(make([]Secret, len(k.secrets)), "http://127.0.0.1:1", nil)
		if e := httpError(t, k, p.Add(t.Context(), httpRecord("a", "v")), "add"); !strings.Contains(e.Error(), "is not set") {
			t.Error(e)
		}
	})
}

func TestASecretMayEndWithALine(t *testing.T) {
	httpEach(t, func(t *testing.T, k httpKind) {
		var secrets []Secret
		for _, s := range k.secrets {
			secrets = append(secrets, httpSecret(s+"\r\n"))
		}
		fake := k.fake()
		p, _ := k.provider(secrets, httpServe(t, fake).URL, nil)
		if err := p.Add(t.Context(), httpRecord("_acme-challenge", "v")); err != nil {
			t.Error(err)
		}
	})
}

func TestEndpointsThatWouldShowTheSecretsAreRefused(t *testing.T) {
	httpEach(t, func(t *testing.T, k httpKind) {
		for _, tt := range []struct{ endpoint, want string }{
			{"http://dns.example.com", "not https"},
			{"http://192.0.2.1", "not https"},
			{"ftp://127.0.0.1", "not https"},
			{"dns.example.com", "not a URL"},
			{"https://", "not a URL"},
			{"https://user:password0001@dns.example.com", "not a URL"},
			{"https://dns.example.com/?a=b", "not a URL"},
			{"https://dns.example.com/%zz", "not a URL"},
		} {
			client := &http.Client{Transport: httpRoundTrip(func(*http.Request) (*http.Response, error) {
				t.Errorf("%s: something was sent", tt.endpoint)
				return nil, errors.New("no network")
			})}
			p, _ := k.provider(httpSecrets(k.secrets), tt.endpoint, client)
			e := httpError(t, k, p.Add(t.Context(), httpRecord("_acme-challenge", "v")), "add")
			if !strings.Contains(e.Error(), tt.want) || strings.Contains(e.Error(), "password0001") || e.Remedy == "" {
				t.Errorf("%s: %v; %s", tt.endpoint, e, e.Remedy)
			}
		}
	})
}

func TestTheOfficialEndpointIsUsedWhenNoneIsGiven(t *testing.T) {
	for name, want := range map[string]string{
		"dnspod": "https://dnspod.tencentcloudapi.com/", "alidns": "https://alidns.aliyuncs.com/",
		"cloudflare": "https://api.cloudflare.com/client/v4/zones",
	} {
		kind := httpKinds()[slices.IndexFunc(httpKinds(), func(k httpKind) bool { return k.name == name })]
		var got string
		client := &http.Client{Transport: httpRoundTrip(func(r *http.Request) (*http.Response, error) {
			u := *r.URL
			u.RawQuery = ""
			got = u.String()
			return nil, errors.New("no network")
		})}
		p, _ := kind.provider(httpSecrets(kind.secrets), "", client)
		httpError(t, kind, p.Add(t.Context(), httpRecord("a", "v")), "add")
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestRecordsThatAreNoneAreRefused(t *testing.T) {
	httpEach(t, func(t *testing.T, k httpKind) {
		h, count := httpCounter(func(http.ResponseWriter, *http.Request) {})
		p, _, _ := k.provide(t, h)
		for _, r := range []Record{
			{},
			{Zone: "example.com", Name: "a.example.com"},
			{Zone: "example.com", Name: "a.example.com", Value: strings.Repeat("v", 256)},
			{Zone: "example.com", Name: "a.example.org", Value: "v"},
			{Zone: "example.com", Name: "anexample.com", Value: "v"},
			{Zone: "example.com", Name: ".example.com", Value: "v"},
			{Name: "a.example.com", Value: "v"},
		} {
			httpError(t, k, p.Add(t.Context(), r), "add")
			httpError(t, k, p.Remove(t.Context(), r), "remove")
		}
		if count() != 0 {
			t.Error("something was sent")
		}
	})
}

func TestProvidersMayBeUsedByMany(t *testing.T) {
	httpEach(t, func(t *testing.T, k httpKind) {
		fake := k.fake()
		p, _ := k.provider(httpSecrets(k.secrets), httpServe(t, fake).URL, nil)
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				r := httpRecord("_acme-challenge", fmt.Sprint("value ", i))
				if err := p.Add(t.Context(), r); err != nil {
					t.Error(err)
				}
				if i%2 == 0 {
					if err := p.Remove(t.Context(), r); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if got := fake.texts("_acme-challenge.example.com"); len(got) != 4 {
			t.Errorf("%q are left", got)
		}
	})
}

// httpRoundTrip answers in place of the network.
type httpRoundTrip func(*http.Request) (*http.Response, error)

func (f httpRoundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// httpCredentials are what r carries that must not be told: k's secrets, and the
// signature or token in its Authorization.
func httpCredentials(k httpKind, r *http.Request) []string {
	secrets := slices.Clone(k.secrets)
	authorization := r.Header.Get("Authorization")
	for _, sign := range []string{"Signature=", "Bearer "} {
		if _, after, ok := strings.Cut(authorization, sign); ok {
			secrets = append(secrets, after)
		}
	}
	return secrets
}

func TestAServerThatEchoesCannotMakeUsTellSecrets(t *testing.T) {
	headers := func(r *http.Request) string {
		var text strings.Builder
		r.Header.Write(&text)
		return text.String()
	}
	authorization := func(r *http.Request) string { return r.Header.Get("Authorization") }
	hijack := func(w http.ResponseWriter, text string) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		io.WriteString(conn, text)
	}
	httpEach(t, func(t *testing.T, k httpKind) {
		for _, tt := range []struct {
			name   string
			answer func(w http.ResponseWriter, r *http.Request)
		}{
			{"the headers", func(w http.ResponseWriter, r *http.Request) { k.refuse(w, 403, "Denied", headers(r)) }},
			{"the credentials", func(w http.ResponseWriter, r *http.Request) { k.refuse(w, 403, "Denied", authorization(r)) }},
			{"them in the code", func(w http.ResponseWriter, r *http.Request) { k.refuse(w, 403, authorization(r), "denied") }},
			{"a secret as the code", func(w http.ResponseWriter, r *http.Request) {
				c := httpCredentials(k, r)
				k.refuse(w, 403, c[len(c)-1], "denied")
			}},
			{"the secrets", func(w http.ResponseWriter, r *http.Request) {
				k.refuse(w, 403, "Denied", strings.Join(httpCredentials(k, r), ""))
			}},
			{"in capitals", func(w http.ResponseWriter, r *http.Request) {
				k.refuse(w, 403, "Denied", strings.ToUpper(authorization(r)))
			}},
			{"escaped", func(w http.ResponseWriter, r *http.Request) {
				k.refuse(w, 403, "Denied", url.QueryEscape(strings.Join(httpCredentials(k, r), " ")))
			}},
			{"with what cannot be seen in between", func(w http.ResponseWriter, r *http.Request) {
				k.refuse(w, 403, "Denied", strings.Join(strings.Split(authorization(r), ""), "\x00\u200b"))
			}},
			{"where the line is cut", func(w http.ResponseWriter, r *http.Request) {
				c := httpCredentials(k, r)
				k.refuse(w, 403, "Denied", strings.Repeat("x ", maxLine/2-5)+c[len(c)-1])
			}},
			{"half of them", func(w http.ResponseWriter, r *http.Request) {
				a := authorization(r)
				k.refuse(w, 403, "Denied", a[:len(a)-10])
			}},
			{"in a body that is none", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, headers(r)) }},
			{"in a number", func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(w, `{"Response":{"RecordId":%q},"Code":{%q:1},"success":%q}`, authorization(r), authorization(r), authorization(r))
			}},
			{"in a redirect", func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/"+url.PathEscape(authorization(r)), http.StatusFound)
			}},
			{"as the status", func(w http.ResponseWriter, r *http.Request) { hijack(w, "HTTP/1.1 "+authorization(r)+"\r\n\r\n") }},
			{"as the protocol", func(w http.ResponseWriter, r *http.Request) { hijack(w, authorization(r)+"\r\n\r\n") }},
			{"as a header", func(w http.ResponseWriter, r *http.Request) {
				hijack(w, "HTTP/1.1 200 OK\r\n"+strings.ReplaceAll(authorization(r), ":", "")+"\r\n\r\n")
			}},
			{"as the length", func(w http.ResponseWriter, r *http.Request) {
				hijack(w, "HTTP/1.1 200 OK\r\nContent-Length: "+authorization(r)+"\r\n\r\n")
			}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				var credentials []string
				p, _, _ := k.provide(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					credentials = httpCredentials(k, r)
					tt.answer(w, r)
				}))
				err := p.Add(t.Context(), httpRecord("_acme-challenge", "v"))
				httpError(t, k, err, "add")
				if len(credentials) <= len(k.secrets) {
					t.Fatal("nothing to echo came")
				}
				httpQuiet(t, err, credentials)
			})
		}
	})
}

// FuzzErrorsTellNoSecrets lets a server say anything, with the secrets in it
// where @ stands.
func FuzzErrorsTellNoSecrets(f *testing.F) {
	for _, secret := range []string{"AKIDexampleSecretId0001", "0123456789", "a+b/c=d+e/f=", `quo"te\back{slash}`} {
		for _, body := range []string{
			`{"Response":{"Error":{"Code":"@","Message":"@"}}}`, `{"Code":"@","Message":"bad @@ @"}`,
			`{"success":false,"errors":[{"code":7,"message":"@","error_chain":[{"message":"@"}]}]}`,
			`{"success":true,"result":[{"id":"@","name":"example.com"}]}`,
			`@`, `"@"`, `{"Response":"@"}`, `{"Response":{"Error":{"Code":"A\u0000@","Message":"\u200b@ a@"}}}`,
		} {
			f.Add(secret, 200, body, "1")
			f.Add(secret, 429, body, "@")
		}
	}
	f.Fuzz(func(t *testing.T, secret string, status int, body, retryAfter string) {
		if len(secret) < gramSize || !visible(secret) || status < 100 || status > 999 {
			t.Skip()
		}
		for _, k := range httpKinds() {
			var credentials []string
			client := &http.Client{Transport: httpRoundTrip(func(r *http.Request) (*http.Response, error) {
				credentials = httpCredentials(k, r)
				echo := strings.ReplaceAll(body, "@", strings.Join(credentials, ""))
				return &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {retryAfter}, "Location": {echo}},
					Body: io.NopCloser(strings.NewReader(echo)), Request: r}, nil
			})}
			k.secrets[len(k.secrets)-1] = secret
			p, c := k.provider(httpSecrets(k.secrets), "", client)
			c.pause = func(context.Context, time.Duration) error { return nil }
			for _, err := range []error{p.Add(t.Context(), httpRecord("a", "v")), p.Remove(t.Context(), httpRecord("a", "v"))} {
				var e *Error
				if err == nil || !errors.As(err, &e) {
					continue
				}
				// Only what the server said may be at fault: our own words and
				// the secret may happen to have letters in common.
				e = &Error{Code: e.Code, Cause: e.Cause}
				if ours := httpOwnWords(); !strings.Contains(ours, strings.ToLower(secret)) {
					httpWhole(t, e.Code+" "+e.Cause.Error(), credentials)
				}
			}
		}
	})
}

// httpOwnWords are the words in which causes are told.
func httpOwnWords() string {
	return strings.ToLower("no answer from the endpoint with a body that is not the JSON expected answered with a redirect " +
		"(HTTP 300), which is not followed no zone example.com that the token may see an ID that is none of Cloudflare's was answered " +
		"dnspod.tencentcloudapi.com alidns.aliyuncs.com api.cloudflare.com more than 1048576 bytes the name has more than 2000 TXT records")
}

// httpWhole fails the test if text has a secret in it.
func httpWhole(t *testing.T, text string, secrets []string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(strings.ToLower(text), strings.ToLower(s)) {
			t.Fatalf("%q tells %q", text, s)
		}
	}
}
