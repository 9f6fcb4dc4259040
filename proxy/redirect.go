package proxy

import (
	"errors"
	"strconv"

	"sluice/message"
)

// failureNoHost is the answer to a request of HTTP/1.0 without Host that is to
// be redirected: "https:///path" is no address, and browsers make a host name
// of the path.
var failureNoHost = &message.Failure{Party: message.PartyClient, Phase: message.PhaseHead,
	Cause: message.CauseRequestInvalid, Err: errors.New("a request without a host name cannot be redirected to HTTPS")}

// wantsRedirect reports that the request came in the clear to a Site that
// wants TLS.
func (x *Exchange) wantsRedirect() bool {
	return x.site.TLS && x.site.Redirect && !x.secure
}

// redirect sends the client to the same place over HTTPS. 308 keeps method
// and body; for GET and HEAD 301 says the same and old clients know it.
func (x *Exchange) redirect() {
	if len(x.r.Authority) == 0 {
		x.refuse(failureNoHost)
		return
	}
	x.status = 308
	if m := string(x.r.Method); m == "GET" || m == "HEAD" {
		x.status = 301
	}
	from := len(x.scratch)
	s := append(x.scratch, "https://"...)
	s = appendHost(s, x.r.Authority)
	if port := x.gen.HTTPSPort; port != 443 {
		s = append(s, ':')
		s = strconv.AppendUint(s, uint64(port), 10)
	}
	if len(x.r.Target) > 0 && x.r.Target[0] == '/' {
		s = append(s, x.r.Target...)
	}
	x.scratch = s
	x.resp = message.Response{Status: x.status, Length: 0, Fields: append(x.added[:0],
		message.Field{Name: nameLocation, Value: x.scratched(from)},
		message.Field{Name: nameRequestID, Value: x.id, ID: message.RequestID})}
	err := x.w.Start(&x.resp)
	if err == nil {
		err = x.w.Finish(nil)
	}
	x.failure = x.done(err)
}

// appendHost appends an authority without its port; an IPv6 address keeps its
// brackets.
func appendHost(s, authority []byte) []byte {
	host := hostOf(authority)
	if len(authority) > 0 && authority[0] == '[' {
		s = append(s, '[')
		s = append(s, host...)
		return append(s, ']')
	}
	return append(s, host...)
}
