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

// maxBody bounds the body of an action: a URL that a request can have, and what
// is around it.
const maxBody = 128 << 10

// guard refuses what a page of another site makes a browser on this machine
// ask, who does not bring the token, and everything that is neither a look nor
// an action.
type guard struct {
	ip         netip.Addr // that the Server is bound to
	token      func() Token
	tries      *tries
	wrongToken func(from netip.Addr)
	next       http.Handler
}

func (g guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	switch {
	case !g.isOurs(r):
		// The name of such a page that leads here by now: DNS rebinding.
		say(w, http.StatusForbidden, "ask for localhost or for the IP address of server.admin, not for another name")
	case isForeign(r):
		say(w, http.StatusForbidden, "pages of another origin are not answered")
	case !isOpen(r.URL.Path) && !g.admits(w, r):
	case r.Method == http.MethodPost && isAction(r.URL.Path):
		g.act(w, r)
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

// act lets an action through that is asked for as it must be.
func (g guard) act(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get(ActionField) == "":
		say(w, http.StatusForbidden, "the field "+ActionField+" is missing")
	case r.ContentLength > maxBody:
		w.Header().Set("Connection", "close") // nobody reads it
		say(w, http.StatusRequestEntityTooLarge, "a body of at most 128 KiB")
	default:
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		g.next.ServeHTTP(w, r)
	}
}

// isOurs reports whether the Host field names this machine's loopback, or the
// address that we are bound to or that the request came to. The port may be
// another one, that of a tunnel. No browser connects to a Unix socket, but a
// tunnel (ssh -L) may lead one there, so Host counts there, too; commands of all
// kinds write there some word for a name, which is one of no page.
func (g guard) isOurs(r *http.Request) bool {
	host := r.Host
	if name, port, err := net.SplitHostPort(host); err == nil && strings.Trim(port, "0123456789") == "" {
		host = name
	} else if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	var here netip.Addr
	switch a := r.Context().Value(http.LocalAddrContextKey).(type) {
	case *net.UnixAddr:
		if isWord(host) {
			return true
		}
	case *net.TCPAddr:
		here = a.AddrPort().Addr().Unmap()
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Zone() != "" {
		return false
	}
	ip = ip.Unmap()
	return ip.IsLoopback() || ip == g.ip && !ip.IsUnspecified() || ip == here
}

// isWord reports whether a name has no dots, so that nobody can have it in the
// DNS, or is empty. One of digits only would be an IPv4 address.
func isWord(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return name == "" || strings.ContainsAny(name[:1], letters) && strings.Trim(name, letters+"0123456789-_") == ""
}

// isForeign reports whether a browser says that a page of another origin than
// ours asks (RFC 6454 section 7, Fetch Metadata). Who says nothing of the kind is
// not a page, or an old browser's that only wants to be shown what we say. A link
// may lead here from anywhere, but not to a profile: it costs what requests need.
func isForeign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	default:
		if r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document" ||
			strings.HasPrefix(r.URL.Path, pathProfiles) {
			return true
		}
	}
	for _, origin := range r.Header.Values("Origin") {
		if !strings.EqualFold(origin, "http://"+r.Host) {
			return true
		}
	}
	return false
}
