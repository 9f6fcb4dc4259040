package demo

import (
	"net"
	"net/http"
	"net/netip"
)

// guarded lets only programs and pages of this machine command the samples. A
// listener on loopback alone does not: any web page can make its reader's
// browser send requests there.
//
//   - Host must be a loopback name, or a page whose own name was made to
//     resolve to 127.0.0.1 (DNS rebinding) would count as the same origin.
//   - A request with side effects must come from the same origin by
//     Sec-Fetch-Site, or by Origin from browsers that don't send that. curl
//     sends neither and is let through.
func guarded(h http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopback(r.Host) {
			http.Error(w, "the demo's control answers to 127.0.0.1 and localhost only", http.StatusMisdirectedRequest)
			return
		}
		if err := origin.Check(r); err != nil {
			http.Error(w, "the demo's control takes no commands from other sites", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// loopback reports whether host[:port] names this machine and no other.
func loopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport // without a port
	}
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
