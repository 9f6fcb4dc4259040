package ca

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// RFC 9110 section 10.2.3: seconds or a date.
func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "3600": time.Hour, "-1": 0, "1.5": 0, "99999999999999999999": 0, "soon": 0,
		"Sat, 21 Nov 2026 10:00:00 GMT": time.Hour, "Sat, 21 Nov 2026 08:00:00 GMT": 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// "never allocate by a number they name", "every wait has a deadline": an
// endless answer is cut, and one that has us wait is shortened.
func TestAnswersOfACAAreBounded(t *testing.T) {
	endless := false
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "86400")
		for endless {
			if _, err := w.Write(bytes.Repeat([]byte(" "), 64<<10)); err != nil {
				return
			}
		}
		io.WriteString(w, "{}")
	}))
	defer s.Close()
	inner := &http.Transport{DisableKeepAlives: true}
	tr := newTransport(t.Context(), inner)
	defer tr.close()
	client := &http.Client{Transport: tr}
	answer, err := client.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	if got := answer.Header.Get("Retry-After"); got != "15" {
		t.Errorf("Retry-After: %s", got)
	}
	endless = true
	if _, err := client.Get(s.URL); err == nil || !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("an endless answer: %v", err)
	}
	if e := tr.explain("https://ca.example/dir", err); !strings.Contains(e.Error(), "no answer") {
		t.Errorf("explained as %v", e)
	}
}

// FuzzAnswers reads answers of a CA: whatever they hold, what is told of them is
// one line of bounded length.
func FuzzAnswers(f *testing.F) {
	f.Add(403, "application/problem+json", `{"type":"urn:ietf:params:acme:error:unauthorized","detail":"no","subproblems":[{"detail":"a\nb"}]}`)
	f.Add(200, "application/json", `{"status":"invalid","challenges":[{"type":"dns-01","url":"https://ca/1","error":{"type":"dns","detail":"no TXT"}}]}`)
	f.Add(200, "application/json", `{"status":"pending","finalize":"https://ca/finalize"}`)
	f.Add(500, "text/html", "<html>\x00\x1b[31m")
	f.Fuzz(func(t *testing.T, status int, kind, body string) {
		if status < 200 || status > 599 {
			return
		}
		inner := roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}, "Retry-After": {body}},
				Body: io.NopCloser(strings.NewReader(body))}, nil
		})
		tr := newTransport(context.Background(), inner)
		defer tr.kill()
		answer, err := (&http.Client{Transport: tr}).Get("https://ca.example/authz")
		if err != nil {
			return // a redirect without a place, say
		}
		answer.Body.Close()
		text := tr.explain("https://ca.example/directory", io.ErrUnexpectedEOF).Error()
		if len(text) > 20*(maxDetail+40) || strings.ContainsAny(text, "\n\r\x00\x1b") || !utf8.ValidString(text) {
			t.Errorf("told as %q", text)
		}
		if len(tr.proofs) > maxChallenges {
			t.Errorf("%d challenges are remembered", len(tr.proofs))
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
