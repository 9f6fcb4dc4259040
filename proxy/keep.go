package proxy

import (
	"strconv"
	"time"

	"sluice/limiter"
	"sluice/message"
)

// The cookies that we give to clients. What stands in them is signed.
const (
	cookiePass   = "sluice_pass"   // who was let in
	cookieTicket = "sluice_ticket" // a place in line
)

var nameSetCookie = []byte("Set-Cookie")

// wasAdmitted reports whether this person was let in before.
func (x *Exchange) wasAdmitted(now time.Time) bool {
	if !x.passed && x.site.Passes != nil {
		ok, next := x.site.Passes.MayPass(x.cookie(cookiePass), now)
		x.passed = ok
		x.givePass(next)
	}
	return x.passed
}

// keepAdmitted gives somebody who has just been let in, and has no pass yet, one
// that keeps him in, if the Site does so.
func (x *Exchange) keepAdmitted(now time.Time) {
	if x.site.Keep && !x.wasAdmitted(now) {
		x.givePass(x.site.Passes.New(now))
	}
}

func (x *Exchange) givePass(value []byte) {
	if value != nil {
		x.cookies[0] = x.setCookie(cookiePass, value, x.site.Passes.Life())
	}
}

// setCookie is the value of a Set-Cookie for the whole Site (RFC 6265 section
// 4.1), which no script can read; none of it lives longer than life. An empty
// value takes the cookie away.
func (x *Exchange) setCookie(name string, value []byte, life time.Duration) []byte {
	from := len(x.scratch)
	s := append(x.scratch, name...)
	s = append(s, '=')
	s = append(s, value...)
	s = append(s, "; Path=/; Max-Age="...)
	s = strconv.AppendInt(s, int64(life/time.Second), 10)
	s = append(s, "; HttpOnly; SameSite=Lax"...)
	if x.secure {
		s = append(s, "; Secure"...)
	}
	x.scratch = s
	return x.scratched(from)
}

// withCookies adds our cookies to the fields of a response.
func (x *Exchange) withCookies(f message.Fields) message.Fields {
	for _, c := range x.cookies {
		if c != nil {
			f = append(f, message.Field{Name: nameSetCookie, Value: c})
		}
	}
	return f
}

// luck is by what requests of equal importance are told apart when not all can
// be served: all of one client's live or die together, for an hour.
func (x *Exchange) luck(now time.Time) uint32 { return limiter.HourlyHash(x.clientKey(), now) }
