package message

import (
	"errors"
	"fmt"
	"testing"
)

func TestAFailureIsASentence(t *testing.T) {
	for _, tt := range []struct {
		f    Failure
		want string
	}{
		{Failure{Party: PartyUpstream, Phase: PhaseDial, Cause: CauseConnectionRefused,
			Where: "10.0.0.1:80", Err: errors.New("dial tcp 10.0.0.1:80: connect: connection refused")},
			"upstream failed in phase dial: connection_refused at 10.0.0.1:80: dial tcp 10.0.0.1:80: connect: connection refused"},
		{Failure{Party: PartyClient, Phase: PhaseBody, Cause: CauseClientGone},
			"client failed in phase body: client_gone"},
		{Failure{Party: PartySluice, Phase: PhaseDial, Cause: CauseConnectionLimit, Where: "[::1]:80"},
			"sluice failed in phase dial: connection_limit_reached at [::1]:80"},
		{Failure{Party: PartyUpstream, Phase: PhaseWait, Cause: CauseConnectionReadTimeout, Err: errors.New("timeout")},
			"upstream failed in phase wait: connection_read_timeout: timeout"},
	} {
		if got := tt.f.Error(); got != tt.want {
			t.Errorf("got  %q\nwant %q", got, tt.want)
		}
	}
}

func TestAFailureIsFoundUnderneathAndAbove(t *testing.T) {
	under := errors.New("underneath")
	f := &Failure{Party: PartyUpstream, Phase: PhaseSend, Cause: CauseConnectionWriteTimeout, Err: under}
	var found *Failure
	if wrapped := fmt.Errorf("above: %w", f); !errors.Is(wrapped, under) || !errors.As(wrapped, &found) || found != f {
		t.Error("wrapping hides it")
	}
	if f.Status() != 504 {
		t.Errorf("status %d, want that of its cause, 504", f.Status())
	}
}

func TestPartiesAndPhasesHaveWords(t *testing.T) {
	parties := map[Party]string{PartyNone: "", PartyClient: "client", PartyUpstream: "upstream", PartySluice: "sluice"}
	for p, want := range parties {
		if p.String() != want {
			t.Errorf("party %d = %q, want %q", p, p, want)
		}
	}
	phases := map[Phase]string{PhaseNone: "", PhaseAccept: "accept", PhaseTLS: "tls", PhaseHead: "head",
		PhaseAdmit: "admit", PhaseQueue: "queue", PhaseResolve: "resolve", PhaseDial: "dial",
		PhaseSend: "send", PhaseWait: "wait", PhaseBody: "body"}
	for p, want := range phases {
		if p.String() != want {
			t.Errorf("phase %d = %q, want %q", p, p, want)
		}
	}
	if len(phases) != int(PhaseBody)+1 {
		t.Errorf("%d phases in this test, want %d", len(phases), PhaseBody+1)
	}
}
