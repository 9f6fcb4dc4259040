package proxy

import (
	"errors"
	"strings"
	"testing"

	"sluice/message"
)

// RFC 9209 section 2: "Proxy-Status = sf-list", here of one member: an sf-token
// with the parameters error (an sf-token) and details (an sf-string).
func TestProxyStatus(t *testing.T) {
	f := &message.Failure{Party: message.PartyUpstream, Phase: message.PhaseDial,
		Cause: message.CauseConnectionRefused, Where: "10.0.0.1:80"}
	odd := *f
	odd.Err = errors.New("a \"quote\", a \\, a\r\nline, a\ttab, DEL \x7f, 中")
	const brief = "sluice; error=connection_refused"
	const full = brief + `; details="upstream failed in phase dial: connection_refused at 10.0.0.1:80`
	for _, tt := range []struct {
		name           string
		f              *message.Failure
		trusted, debug bool
		want           string
	}{
		{"a stranger", f, false, false, brief},
		{"a trusted client", f, true, false, full + `"`},
		{"debug", f, false, true, full + `"`},
		// RFC 8941 section 3.3.3: only visible ASCII and space, and "DQUOTE and
		// backslash escaped by a backslash".
		{"escaped", &odd, true, false, full + `: a \"quote\", a \\, a??line, a?tab, DEL ?, ???"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := begun(&Generation{Debug: tt.debug}, request("GET", "/"))
			x.trusted, x.failure = tt.trusted, tt.f
			if got := string(x.proxyStatus()); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestDetailsAreCutAndStayAString(t *testing.T) {
	for _, text := range []string{strings.Repeat("a", 5000), strings.Repeat(`\`, 5000), strings.Repeat(`a"`, 5000)} {
		got := string(appendDetail(nil, text))
		if len(got) > 512 {
			t.Errorf("%d bytes", len(got))
		}
		if rest := strings.NewReplacer(`\\`, "", `\"`, "").Replace(got); strings.ContainsAny(rest, `"\`) {
			t.Errorf("an escape is cut in two: %s", got)
		}
	}
}
