package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/accesslog"
	"sluice/message"
)

var failureStart = time.Date(2026, 11, 21, 20, 3, 10, 0, time.Local)

// failed is the entry of an Exchange that has failed.
func failed(id, who, cause string, at time.Time) *accesslog.Entry {
	return &accesslog.Entry{Time: at, RequestID: []byte(id), Client: netip.MustParseAddr("203.0.113.9"),
		Host: []byte("shop.example.com"), Method: []byte("GET"), Path: []byte("/cart?secret=1"), Status: 503,
		Total: time.Millisecond, Site: "shop.example.com", Pool: "app", Who: who, Phase: "wait", Cause: cause}
}

func TestOnlyFailuresAreRemembered(t *testing.T) {
	f := &failures{}
	for i, e := range []*accesslog.Entry{
		{Status: 200}, {Status: 404}, {Status: 304, Cache: "hit"},
		failed("cause", "upstream", "connection_refused", failureStart),
		{RequestID: []byte("500"), Status: 500},
		{RequestID: []byte("copy"), Status: 200, Degraded: "last_good", Who: "upstream", Cause: "shed"},
	} {
		e.Time = failureStart.Add(time.Duration(i) * time.Second)
		f.see(e)
	}
	var got []string
	for _, one := range f.last(100, FailureQuery{}) {
		got = append(got, one.ID)
	}
	if want := []string{"copy", "500", "cause"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if one, found := f.byID("cause"); !found || one.Path != "/cart" || one.Cause != "connection_refused" || one.Client != "203.0.113.9" {
		t.Errorf("%+v", one)
	}
	if _, found := f.byID("caus"); found {
		t.Error("a part of an id is found")
	}
	if got := f.last(100, FailureQuery{Pool: "app"}); len(got) != 1 || got[0].ID != "cause" {
		t.Errorf("of one pool: %+v", got)
	}
	if got := f.last(1, FailureQuery{}); len(got) != 1 {
		t.Errorf("%d, want 1", len(got))
	}
}

// "Not floods of client garbage or 429s crowding everything out", and "bounded".
func TestNoKindCrowdsOutAnother(t *testing.T) {
	f := &failures{}
	f.see(failed("rare", "upstream", "connection_refused", failureStart))
	for i := range 20_000 {
		at := failureStart.Add(time.Duration(i) * time.Millisecond)
		f.see(failed(fmt.Sprint("l", i), "sluice", "rate_limited", at))
		f.see(failed(fmt.Sprint("c", i), "client", "request_invalid", at))
		f.see(failed(fmt.Sprint("e", i), "", "", at))
	}
	if _, found := f.byID("rare"); !found {
		t.Error("the failure of an Upstream was crowded out")
	}
	if all := f.last(10_000, FailureQuery{}); len(all) != 1+maxErrorAnswers+maxRefusals+maxClientFailures {
		t.Errorf("%d are remembered", len(all))
	}
	for i := range 1000 {
		f.see(failed(fmt.Sprint("u", i), "upstream", "connection_refused", failureStart.Add(time.Duration(i)*10*time.Millisecond)))
	}
	if all := f.last(10_000, FailureQuery{}); len(all) != maxFailures+maxErrorAnswers+maxRefusals+maxClientFailures {
		t.Errorf("%d are remembered", len(all))
	}
	if _, found := f.byID("u999"); !found {
		t.Error("the newest is not there")
	}
}

// "Beyond ~200 a second per kind only count": a storm costs nothing.
func TestAStormIsCheap(t *testing.T) {
	f := &failures{}
	e := failed("x", "sluice", "shed", failureStart)
	for range mostFailures {
		f.see(e)
	}
	if n := testing.AllocsPerRun(1000, func() { f.see(e) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	late := failed("late", "sluice", "shed", failureStart)
	f.see(late)
	if _, found := f.byID("late"); found {
		t.Error("more than were to be looked at")
	}
	late.Time = failureStart.Add(time.Second)
	f.see(late)
	if _, found := f.byID("late"); !found {
		t.Error("in the next second none is looked at")
	}
	late.RequestID, late.Time = []byte("back"), failureStart.Add(-time.Hour)
	f.see(late)
	if _, found := f.byID("back"); !found {
		t.Error("when the clock is set back none is looked at")
	}
}

// Whatever a client sends, what is remembered of it is small, and JSON.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	f := &failures{}
	long := []byte(strings.Repeat("\xff不", 20_000))
	e := failed("", "client", "request_invalid", failureStart)
	e.RequestID, e.Host, e.Method, e.Path, e.Detail = long, long, long, long, string(long)
	for range 4 {
		e.Tries = append(e.Tries, accesslog.Try{Upstream: "10.0.0.2:1", Phase: "wait", Cause: "x", Err: errors.New(string(long))})
	}
	f.see(e)
	text, err := json.Marshal(f.last(1, FailureQuery{}))
	if err != nil || len(text) > 20_000 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

func TestManySeeFailuresAtATime(t *testing.T) {
	f := &failures{}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 500 {
				f.see(failed(fmt.Sprint(i, j), "upstream", "connection_refused", failureStart.Add(time.Duration(j)*100*time.Millisecond)))
				f.last(3, FailureQuery{})
			}
		})
	}
	all.Wait()
	if got := len(f.last(1000, FailureQuery{})); got != maxFailures {
		t.Errorf("%d", got)
	}
}

// "One table for cause → remedy, for all causes of message/; a test that no cause
// is forgotten."
func TestEveryCauseHasWordsAndARemedy(t *testing.T) {
	known := map[string]bool{}
	for _, c := range message.Causes() {
		word := c.String()
		known[word] = true
		if causeWords[word] == "" {
			t.Errorf("%s has no words", word)
		}
		if _, there := remedies[word]; !there {
			t.Errorf("%s has no remedy", word)
		}
	}
	for word := range remedies {
		if !known[word] {
			t.Errorf("there is no cause %s", word)
		}
	}
	for word := range causeWords {
		if !known[word] {
			t.Errorf("there is no cause %s", word)
		}
	}
}

func TestStories(t *testing.T) {
	dial := errors.New("dial tcp 10.0.0.2:3001: connect: connection refused")
	there := strings.TrimPrefix(dial.Error(), "dial tcp 10.0.0.2:3001: ")
	for _, tt := range []struct {
		name   string
		change func(*accesslog.Entry)
		want   []string
		remedy string
	}{
		{"two Attempts and a copy", func(e *accesslog.Entry) {
			e.Who, e.Phase, e.Cause, e.Detail = "upstream", "wait", "connection_read_timeout", "no answer"
			e.Queue, e.Total, e.Status, e.Degraded, e.Age = 120*time.Millisecond, 1900*time.Millisecond, 200, "last_good", 40*time.Second
			e.Tries = []accesslog.Try{
				{Upstream: "10.0.0.2:3001", Took: 251 * time.Millisecond, Phase: "dial", Cause: "connection_refused", Err: dial},
				{Upstream: "10.0.0.2:3002", Took: 1500 * time.Millisecond, Reused: true, Phase: "wait", Cause: "connection_read_timeout"},
			}
		}, []string{
			"At 20:03:10 203.0.113.9 asked for GET shop.example.com/cart.",
			"It waited 120 ms in the queue of the Pool app.",
			"The first Attempt, on 10.0.0.2:3001, failed after 251 ms: nobody listens there (connect: connection refused).",
			"The second Attempt, on 10.0.0.2:3002 by a connection that had served before, failed after 1.5 s: no answer within response_timeout.",
			"The client got the last good copy, 40s old, with status 200 after 1.9 s.",
		}, remedies["connection_read_timeout"]},
		{"refused for load", func(e *accesslog.Entry) {
			e.Who, e.Phase, e.Cause, e.Degraded = "sluice", "queue", "queue_full", "json"
		}, []string{
			"At 20:03:10 203.0.113.9 asked for GET shop.example.com/cart.",
			"It was refused: the Pool had more to do than it bears, and its queue was full.",
			"The client got the degraded answer as JSON, with status 503 after 1 ms.",
		}, remedies["queue_full"]},
		{"refused by a limit", func(e *accesslog.Entry) {
			e.Who, e.Phase, e.Cause, e.Status = "sluice", "admit", "rate_limited", 429
			e.Detail = "more requests than the limit client_ip 10/s allows"
		}, []string{
			"At 20:03:10 203.0.113.9 asked for GET shop.example.com/cart.",
			"It was refused: more requests than the limit client_ip 10/s allows.",
			"The client got status 429 after 1 ms.",
		}, remedies["rate_limited"]},
		{"an error of the application", func(e *accesslog.Entry) {
			e.Who, e.Phase, e.Cause, e.Status = "", "", "", 500
			e.Tries = []accesslog.Try{{Upstream: "10.0.0.2:3001", Took: 20 * time.Millisecond, Status: 500}}
		}, []string{
			"At 20:03:10 203.0.113.9 asked for GET shop.example.com/cart.",
			"The first Attempt, on 10.0.0.2:3001, was answered after 20 ms with status 500.",
			"The client got status 500 after 1 ms.",
		}, remedyStatus},
		{"a client that goes away", func(e *accesslog.Entry) {
			e.Who, e.Phase, e.Cause, e.Status = "client", "wait", "client_gone", 499
		}, []string{
			"At 20:03:10 203.0.113.9 asked for GET shop.example.com/cart.",
			"It failed: the client went away while the answer was awaited.",
			"The client was gone after 1 ms.",
		}, ""},
		{"a client that goes away in the middle of the answer", func(e *accesslog.Entry) {
			e.Who, e.Phase, e.Cause, e.Status = "client", "body", "client_gone", 404
			e.Tries = []accesslog.Try{{Upstream: "10.0.0.2:3001", Took: 20 * time.Millisecond, Status: 404}}
		}, []string{
			"At 20:03:10 203.0.113.9 asked for GET shop.example.com/cart.",
			"The first Attempt, on 10.0.0.2:3001, was answered after 20 ms with status 404.",
			"It failed: the client went away in the middle of the answer.",
			"The client had got status 404 and a part of the answer when it was cut off, after 1 ms.",
		}, ""},
		{"a client that goes away in the middle of its upload", func(e *accesslog.Entry) {
			e.Who, e.Phase, e.Cause, e.Status = "client", "body", "client_gone", 499
			e.Tries = []accesslog.Try{{Upstream: "10.0.0.2:3001", Took: 20 * time.Millisecond, Phase: "body", Cause: "client_gone"}}
		}, []string{
			"At 20:03:10 203.0.113.9 asked for GET shop.example.com/cart.",
			"The first Attempt, on 10.0.0.2:3001, failed after 20 ms: the client went away.",
			"The client was gone after 1 ms.",
		}, ""},
		{"an upload that is too slow", func(e *accesslog.Entry) {
			e.Who, e.Phase, e.Cause, e.Status = "client", "body", "client_slow", 408
		}, []string{
			"At 20:03:10 203.0.113.9 asked for GET shop.example.com/cart.",
			"It failed: the client was too slow.",
			"The client got status 408 after 1 ms.",
		}, remedies["client_slow"]},
		{"an upload that is not valid", func(e *accesslog.Entry) {
			e.Who, e.Phase, e.Cause, e.Status = "client", "body", "request_invalid", 400
		}, []string{
			"At 20:03:10 203.0.113.9 asked for GET shop.example.com/cart.",
			"It failed: the request was not valid HTTP.",
			"The client got status 400 after 1 ms.",
		}, remedies["request_invalid"]},
		{"an Upstream that takes no more of an upload it has begun to answer", func(e *accesslog.Entry) {
			e.Who, e.Phase, e.Cause, e.Status = "upstream", "send", "connection_write_timeout", 200
		}, []string{
			"At 20:03:10 203.0.113.9 asked for GET shop.example.com/cart.",
			"It failed: the Upstream did not take the request in time.",
			"The client had got status 200 and a part of the answer when it was cut off, after 1 ms.",
		}, remedies["connection_write_timeout"]},
		{"an answer that stops", func(e *accesslog.Entry) {
			e.Who, e.Phase, e.Cause, e.Status, e.Detail = "upstream", "body", "connection_read_timeout", 200, "i/o timeout"
		}, []string{
			"At 20:03:10 203.0.113.9 asked for GET shop.example.com/cart.",
			"It failed: nothing more came for too long (i/o timeout).",
			"The client had got status 200 and a part of the answer when it was cut off, after 1 ms.",
		}, remedySilent},
		{"a WebSocket that is silent", func(e *accesslog.Entry) {
			e.Who, e.Phase, e.Cause, e.Status = "upstream", "body", "connection_read_timeout", 101
			e.Detail = "neither side of the tunnel has sent anything for stream_timeout"
		}, []string{
			"At 20:03:10 203.0.113.9 asked for GET shop.example.com/cart.",
			"It failed: nothing more came for too long (neither side of the tunnel has sent anything for stream_timeout).",
			"The tunnel, such as a WebSocket, ended after 1 ms.",
		}, remedySilent},
		{"a WebSocket whose client goes away", func(e *accesslog.Entry) {
			e.Who, e.Phase, e.Cause, e.Status = "client", "body", "client_gone", 101
		}, []string{
			"At 20:03:10 203.0.113.9 asked for GET shop.example.com/cart.",
			"It failed: the client went away.",
			"The tunnel, such as a WebSocket, ended after 1 ms.",
		}, ""},
		{"a status that stands for a failure, and a copy", func(e *accesslog.Entry) {
			e.Who, e.Phase, e.Cause, e.Detail, e.Status, e.Degraded = "upstream", "wait", "destination_unavailable", "status 503", 200, "last_good"
			e.Tries = []accesslog.Try{{Upstream: "10.0.0.2:3001", Took: 20 * time.Millisecond, Status: 503}}
		}, []string{
			"At 20:03:10 203.0.113.9 asked for GET shop.example.com/cart.",
			"The first Attempt, on 10.0.0.2:3001, was answered after 20 ms with status 503.",
			"The client got the last good copy, with status 200 after 1 ms.",
		}, remedyStatus},
		{"the same for several", func(e *accesslog.Entry) {
			e.Who, e.Phase, e.Cause, e.Detail, e.Status, e.Degraded = "upstream", "wait", "destination_unavailable", "status 503", 200, "last_good"
			e.Tries = []accesslog.Try{{Upstream: "10.0.0.2:3001", Took: 20 * time.Millisecond, Phase: "wait", Cause: "destination_unavailable", Err: errors.New("status 503")}}
		}, []string{
			"At 20:03:10 203.0.113.9 asked for GET shop.example.com/cart.",
			"The first Attempt, on 10.0.0.2:3001, failed after 20 ms: its answer stands for a failure (status 503).",
			"The client got the last good copy, with status 200 after 1 ms.",
		}, remedyStatus},
		{"nobody else to ask", func(e *accesslog.Entry) {
			e.Who, e.Phase, e.Cause = "upstream", "dial", "destination_unavailable"
			e.Tries = []accesslog.Try{{Upstream: "10.0.0.2:3001", Took: 20 * time.Millisecond, Phase: "dial", Cause: "connection_refused", Err: dial}}
		}, []string{
			"At 20:03:10 203.0.113.9 asked for GET shop.example.com/cart.",
			"The first Attempt, on 10.0.0.2:3001, failed after 20 ms: nobody listens there (" + there + ").",
			"No other Upstream was left to ask.",
			"The client got status 503 after 1 ms.",
		}, remedies["destination_unavailable"]},
	} {
		f := &failures{}
		e := failed("x", "", "", failureStart)
		tt.change(e)
		f.see(e)
		got, found := f.byID("x")
		if !found || !slices.Equal(got.Sentences, tt.want) || got.Remedy != tt.remedy {
			t.Errorf("%s:\n%s\nwant\n%s\n%q", tt.name, strings.Join(got.Sentences, "\n"), strings.Join(tt.want, "\n"), got.Remedy)
		}
	}
}

// "Refusing must cost less than half of a proxied request."
func BenchmarkStormOfFailures(b *testing.B) {
	f := &failures{}
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		e := failed("x", "sluice", "shed", failureStart)
		for p.Next() {
			f.see(e)
		}
	})
}

// A flood of refusals leaves room for what a person looks for.
func TestAStatusShowsFewRefusals(t *testing.T) {
	f := &failures{}
	now := time.Unix(1_800_000_000, 0)
	see := func(n int, e accesslog.Entry) {
		for i := range n {
			e.Time, e.RequestID = now.Add(time.Duration(i)*time.Millisecond), fmt.Appendf(nil, "%s-%d", e.Cause, i)
			f.see(&e)
		}
		now = now.Add(time.Second)
	}
	see(3, accesslog.Entry{Who: "upstream", Cause: "connection_refused", Status: 502})
	see(100, accesslog.Entry{Who: "sluice", Cause: "rate_limited", Status: 429})
	see(100, accesslog.Entry{Who: "client", Cause: "client_gone"})
	count := map[string]int{}
	for _, one := range f.shown() {
		count[one.Cause]++
	}
	if count["connection_refused"] != 3 || count["rate_limited"] != shownOthers || count["client_gone"] != shownOthers {
		t.Errorf("shown: %v", count)
	}
}

// A list without anything in it is a list for those who read JSON.
func TestNoFailuresAreAList(t *testing.T) {
	text, err := json.Marshal((&failures{}).shown())
	if err != nil || string(text) != "[]" {
		t.Errorf("%s, %v", text, err)
	}
}

// What took an Upstream out is told as it was: a failed health check is no answer
// that is not HTTP. The port of our side, another one each time, is not told.
func TestWhyAnUpstreamIsOut(t *testing.T) {
	const where = "10.0.0.2:3001"
	for _, tt := range []struct {
		phase  message.Phase
		cause  message.Cause
		detail string
		want   string
	}{
		{message.PhaseWait, message.CauseResponseInvalid, "health check: status 500, 200 to 299 was expected", "the health check failed (status 500, 200 to 299 was expected)"},
		{message.PhaseWait, message.CauseConnectionReadTimeout, "health check: context deadline exceeded", "the health check failed (context deadline exceeded)"},
		{message.PhaseWait, message.CauseDestinationUnavailable, "status 503", "its answer stands for a failure (status 503)"},
		{message.PhaseWait, message.CauseConnectionTerminated, "read tcp 10.0.0.1:54321->10.0.0.2:3001: read: connection reset by peer",
			"the Upstream closed the connection while the answer was awaited (read: connection reset by peer)"},
		{message.PhaseDial, message.CauseConnectionRefused, "dial tcp 10.0.0.2:3001: connect: connection refused", "nobody listens there (connect: connection refused)"},
		{message.PhaseWait, message.CauseResponseInvalid, "not HTTP: read tcp 10.0.0.2:3001: x", "the answer was not valid HTTP (not HTTP: read tcp 10.0.0.2:3001: x)"},
	} {
		f := &message.Failure{Party: message.PartyUpstream, Phase: tt.phase, Cause: tt.cause, Where: where, Err: errors.New(tt.detail)}
		if got := whyOut(f); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// What is remembered of a request holds no password and nothing that is not seen.
func TestWhatIsRememberedCanBeShown(t *testing.T) {
	for _, tt := range []struct{ host, path, wantHost, wantPath string }{
		{"shop.example.com", "/a?token=topsecret", "shop.example.com", "/a"},
		{"u:topsecret@shop.example.com", "http://u:topsecret@shop.example.com/a/b?x", "shop.example.com", "/a/b"},
		{"", "http://u:topsecret@shop.example.com", "", "/"},
		{"", "/x?u=http://topsecret", "", "/x"},
		{"", "/x://y/z", "", "/x://y/z"},
		{"", "*", "", "*"},
		{"", "", "", ""},
		{"a\u202eb", "/\x1b[31m\u2066\u200b商店\xff", "a\ufffdb", "/\ufffd[31m\ufffd\ufffd商店\ufffd"},
	} {
		e := failed("x", "client", "request_invalid", failureStart)
		e.Host, e.Path, e.Detail = []byte(tt.host), []byte(tt.path), "a\u202eb"
		if f := failureOf(e); f.Host != tt.wantHost || f.Path != tt.wantPath || f.Detail != "a\ufffdb" {
			t.Errorf("%q, %q: %q, %q, %q", tt.host, tt.path, f.Host, f.Path, f.Detail)
		}
	}
	e := failed("x", "client", "request_invalid", failureStart)
	e.Method, e.Host, e.Path = nil, nil, nil
	f := failureOf(e)
	if f.tell(); f.Sentences[0] != "At 20:03:10 203.0.113.9 asked for something that could not be read." {
		t.Errorf("%q", f.Sentences)
	}
}
