package ca

import (
	"context"
	"runtime"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/acme/autocert"
)

// orderCache is the autocert.Cache of one order. It keeps nothing: it passes
// what autocert would have other machines answer on to the Answers, and the
// certificate is taken from what GetCertificate returns.
type orderCache struct {
	answers *Answers
	key     string      // under which autocert keeps the certificate
	asked   atomic.Bool // for it, before the order
}

// The ends of the keys under which autocert keeps challenges.
const (
	suffixHTTP = "+http-01"
	suffixALPN = "+token"
)

// Get has nothing. The certificate is asked for once, before it is ordered;
// whoever asks again is autocert's own timer for renewals. It cannot be stopped
// from outside, would try for ever to renew what certs.Managed renews, and runs
// on a goroutine that the timer has started for it alone: that ends here, and
// with it the timer and all that it holds. (RenewBefore has it go off as early
// as autocert allows, 30 days before the end or at once.)
func (c *orderCache) Get(_ context.Context, key string) ([]byte, error) {
	if key == c.key && c.asked.Swap(true) {
		runtime.Goexit()
	}
	return nil, autocert.ErrCacheMiss
}

// Put takes over challenges.
func (c *orderCache) Put(_ context.Context, key string, data []byte) error {
	if token, ok := strings.CutSuffix(key, suffixHTTP); ok {
		c.answers.setHTTP(token, data)
	} else if name, ok := strings.CutSuffix(key, suffixALPN); ok {
		return c.answers.setTLS(name, data)
	}
	return nil
}

// Delete takes challenges back.
func (c *orderCache) Delete(_ context.Context, key string) error {
	if token, ok := strings.CutSuffix(key, suffixHTTP); ok {
		c.answers.setHTTP(token, nil)
	} else if name, ok := strings.CutSuffix(key, suffixALPN); ok {
		return c.answers.setTLS(name, nil)
	}
	return nil
}
