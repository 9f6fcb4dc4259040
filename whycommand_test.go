package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"sluice/config"
	"sluice/server"
)

func TestWhyTellsTheStoryOfAFailure(t *testing.T) {
	const want = `504 GET shop.example.com/order
2026-12-01 19:59:00 UTC (60 s ago), took 30.0 s, of which 12 ms in the queue
client 203.0.113.7, Site shop.example.com, Pool app, degraded answer json, ID
hj6hhcqft3s2p6tcfag8

10.0.0.2:3002 refused the connection, so 10.0.0.2:3001 was asked.
It did not answer within 30 s (response_timeout).

ATTEMPT  UPSTREAM         TOOK  CONNECTION  WHAT CAME OF IT
1        10.0.0.2:3002  0.4 ms              dial: connection_refused: connection refused
2        10.0.0.2:3001  30.0 s  reused      wait: connection_read_timeout

do: Look at what 10.0.0.2:3001 does for so long.
`
	if got := printed(storySheet(*failure(), clock, 0), false); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	got, err := pretend{failures: []server.FailureStatus{*failure()}}.run(t, "why", " hj6hhcqft3s2p6tcfag8 ")
	if err != nil || !strings.Contains(got, "do: Look at what 10.0.0.2:3001 does for so long.\n") {
		t.Errorf("%v\n%s", err, got)
	}
}

// An application that answers with an error is the cause by itself.
func TestWhyNamesTheApplication(t *testing.T) {
	f := server.FailureStatus{ID: "a", Time: clock, Status: 500, Tries: make([]server.TryStatus, 1)}
	if got := causeOf(f); got != "the application answered so" {
		t.Errorf("got %q", got)
	}
}

func TestWhyWithoutAStory(t *testing.T) {
	f := server.FailureStatus{ID: "a", Time: clock, Status: 400, Who: "client", Phase: "head", Cause: "http_request_error", Detail: "bare LF"}
	if got := printed(storySheet(f, clock, 0), false); !strings.Contains(got, "\nclient head: http_request_error bare LF\n") {
		t.Errorf("got\n%s", got)
	}
}

// "404 when it is not remembered: then say why that can be".
func TestWhyOfAnUnknownID(t *testing.T) {
	for _, tt := range []struct {
		log, id string
		want    []string
	}{
		{"", "abc", []string{"nothing is known of abc\n", "1 now, the oldest of ", "journalctl -u sluice | grep abc"}},
		{"/var/log/sluice/access.log", "abc", []string{"grep abc /var/log/sluice/access.log"}},
		{"off", "abc", []string{"it is off (log.access)"}},
		{"", "$(rm -r /)\x1b", []string{"nothing is known of $(rm -r /)?\n", "grep ID"}}, // nobody pastes that
	} {
		_, err := pretend{failures: []server.FailureStatus{*failure()}, log: tt.log}.run(t, "why", "--", tt.id)
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("no %q in %v", want, err)
			}
		}
	}
	if _, err := (pretend{failures: []server.FailureStatus{}}).run(t, "why", "abc"); err == nil || !strings.Contains(err.Error(), "none yet") {
		t.Errorf("error %v", err)
	}
	if got := searchLog(config.Log{Access: config.LogPlace{To: config.LogFile, File: "a.log"}}, "-rf"); !strings.HasSuffix(got, "grep ID a.log") {
		t.Errorf("got %q", got)
	}
}

func TestWhyWithoutAnIDListsTheLastFailures(t *testing.T) {
	p := pretend{failures: []server.FailureStatus{*failure()}}
	got, err := p.run(t, "why")
	if err != nil || !strings.Contains(got, "hj6hhcqft3s2p6tcfag8     504  GET shop.example.com/order") {
		t.Errorf("%v\n%s", err, got)
	}
	got, err = p.run(t, "why", "--json")
	var all []server.FailureStatus
	if err != nil || json.Unmarshal([]byte(got), &all) != nil || !reflect.DeepEqual(all, p.failures) {
		t.Errorf("%v\n%s", err, got)
	}
	got, err = p.run(t, "why", "hj6hhcqft3s2p6tcfag8", "--json")
	var one server.FailureStatus
	if err != nil || json.Unmarshal([]byte(got), &one) != nil || !reflect.DeepEqual(one, p.failures[0]) {
		t.Errorf("%v\n%s", err, got)
	}
	if got, err = (pretend{failures: []server.FailureStatus{}}).run(t, "why"); err != nil || got != "no request has failed since Sluice was started\n" {
		t.Errorf("%v, %q", err, got)
	}
}
