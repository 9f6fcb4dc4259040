package dnsapi

import (
	"net/http"
	"sync"
)

// httpFailing is the part of a fake that does not answer as it should.
type httpFailing struct {
	guard   sync.Mutex
	left    int
	instead http.HandlerFunc
}

func (f *httpFailing) fail(n int, h http.HandlerFunc) {
	f.guard.Lock()
	defer f.guard.Unlock()
	f.left, f.instead = n, h
}

// failed answers a request in place of the fake, if it is time to.
func (f *httpFailing) failed(w http.ResponseWriter, r *http.Request) bool {
	f.guard.Lock()
	defer f.guard.Unlock()
	if f.left == 0 {
		return false
	}
	f.left--
	f.instead(w, r)
	return true
}
