package admin

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// ActionField has to be in a request that does something. A page of another
// origin can send it only when the answer to an OPTIONS request allows that
// (Fetch standard, CORS-preflight), and no such request is answered here.
const ActionField = "Sluice-Action"

// guard refuses what a page of another site makes a browser on this machine
// ask, and everything that is neither a look nor an action.
type guard struct {
	ip   netip.Addr // that the Server is bound to
	next http.Handler
}

func (g guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	switch {
	case !g.isOurs(r.Host):
		// The name of such a page that leads here by now: DNS rebinding.
		say(w, http.StatusForbidden, "ask for localhost or for the IP address of server.admin, not for another name")
	case isForeign(r):
		say(w, http.StatusForbidden, "pages of another origin are not answered")
	case r.Method == http.MethodPost && isAction(r.URL.Path):
		if r.Header.Get(ActionField) == "" {
			say(w, http.StatusForbidden, "the field "+ActionField+" is missing")
			return
		}
		g.next.ServeHTTP(w, r)
	case isAction(r.URL.Path):
		w.Header().Set("Allow", "POST")
		say(w, http.StatusMethodNotAllowed, "only POST")
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		say(w, http.StatusMethodNotAllowed, "only GET and HEAD")
	default:
		g.next.ServeHTTP(w, r)
	}
}

// isOurs reports whether a Host field names this machine's loopback, or the
// address that we are bound to. The port may be another one, that of a tunnel.
func (g guard) isOurs(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	} else if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Zone() != "" {
		return false
	}
	ip = ip.Unmap()
	return ip.IsLoopback() || ip == g.ip
}

// isForeign reports whether a browser says that a page of another origin than
// ours asks (RFC 6454 section 7). Who sends no Origin is not a page, or only
// wants to be shown what we say.
func isForeign(r *http.Request) bool {
	for _, origin := range r.Header.Values("Origin") {
		if !strings.EqualFold(origin, "http://"+r.Host) {
			return true
		}
	}
	return false
}
