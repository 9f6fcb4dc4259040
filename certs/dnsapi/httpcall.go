package dnsapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// callLimit is how long one call of an API may take with its repetitions.
	callLimit = 15 * time.Second
	// maxAnswer is the most bytes of an answer that are read.
	maxAnswer = 1 << 20
	// maxRepeats is how often a call is made again that asked for patience.
	maxRepeats = 2
	// usualWait is the patience when the answer does not say how much, and
	// maxWait the most there is: who asks for more is not asked again.
	usualWait = time.Second
	maxWait   = 5 * time.Second
	// maxPages is how many pages of records are read before it is given up, and
	// pageSize how many records are asked for at a time.
	maxPages = 20
	pageSize = 100
	// userAgent is how we call ourselves.
	userAgent = "sluice"
)

// httpCaller makes the calls of one provider's API. It keeps nothing from one
// to the next.
type httpCaller struct {
	client   *http.Client
	endpoint string // a URL, as configured
	now      func() time.Time
	limit    time.Duration
	pause    func(ctx context.Context, d time.Duration) error
}

// httpAnswer is what came back, read to its end.
type httpAnswer struct {
	status int
	body   []byte
	wait   time.Duration // the patience asked for
}

// httpRequest is one attempt of a call, ready to be sent.
type httpRequest struct {
	*http.Request
	mask mask
}

// newHTTPCaller makes one that uses client, or one of its own if that is nil.
func newHTTPCaller(client *http.Client, endpoint string) httpCaller {
	return httpCaller{client: careful(client), endpoint: endpoint, now: time.Now, limit: callLimit, pause: pause}
}

// careful is a copy of client that follows no redirect, which would carry the
// credentials away, and keeps no cookies.
func careful(client *http.Client) *http.Client {
	c := http.Client{}
	if client != nil {
		c = *client
	} else {
		c.Transport = newTransport()
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.Jar = nil
	return &c
}

// newTransport is for a few calls every some weeks: it keeps no connection.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  environmentProxy,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableKeepAlives:      true,
	}
}

// environmentProxy is http.ProxyFromEnvironment without its error, which
// repeats the proxy's address with the password in it.
func environmentProxy(r *http.Request) (*url.URL, error) {
	proxy, err := http.ProxyFromEnvironment(r)
	if err != nil {
		return nil, errors.New("the address of the proxy in the environment cannot be understood")
	}
	return proxy, nil
}

// base is the endpoint. It must be HTTPS, for credentials go there, unless it
// is on this machine, as in tests.
func (c *httpCaller) base() (*url.URL, *httpFault) {
	u, err := url.Parse(c.endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, &httpFault{cause: errors.New("the endpoint is not a URL of a host"), remedy: "correct the endpoint or leave it out"}
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, &httpFault{cause: fmt.Errorf("the endpoint at %s is not https", u.Host), remedy: "give an endpoint that begins with https://"}
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// call makes one call within c's limit. prepare signs each attempt anew, for a
// signature has a time; read judges what came back.
//
// An attempt is repeated only when the answer says that nothing was done
// (fault.again). All calls made here could be repeated: what is added twice is
// there once, and what is removed twice is gone.
func (c *httpCaller) call(ctx context.Context, prepare func(context.Context) (httpRequest, *httpFault), read func(httpAnswer, mask) *httpFault) *httpFault {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	for repeats := 0; ; repeats++ {
		r, f := prepare(ctx)
		if f != nil {
			return f
		}
		a, f := c.exchange(r)
		if f == nil {
			f = read(a, r.mask)
		}
		if f == nil {
			return nil
		}
		if a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable {
			f.again = true
		}
		if !f.again {
			return f
		}
		if f.remedy == "" {
			f.remedy = "try again in some minutes: the provider asks for patience"
		}
		if repeats == maxRepeats || a.wait > maxWait || c.pause(ctx, a.wait) != nil {
			return f
		}
	}
}

// exchange sends r and reads the answer to its end.
func (c *httpCaller) exchange(r httpRequest) (httpAnswer, *httpFault) {
	res, err := c.client.Do(r.Request)
	if err != nil {
		return httpAnswer{}, noHTTPAnswer(r, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return httpAnswer{}, noHTTPAnswer(r, err)
	}
	a := httpAnswer{status: res.StatusCode, body: body, wait: c.patience(res.Header.Get("Retry-After"))}
	switch {
	case len(body) > maxAnswer:
		return a, &httpFault{cause: fmt.Errorf("%s answered with more than %d bytes", r.URL.Host, maxAnswer), remedy: whoAnswers}
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return a, &httpFault{cause: fmt.Errorf("%s answered with a redirect (HTTP %d), which is not followed", r.URL.Host, res.StatusCode), remedy: whoAnswers}
	}
	return a, nil
}

// whoAnswers is the remedy for answers that no such API gives.
const whoAnswers = "check the endpoint, and that no proxy answers in its place"

// noHTTPAnswer is the fault of a request that err ended. Only the end of the
// context can be told from it by errors.Is: the rest of the chain holds text
// that was not masked, and the URL.
func noHTTPAnswer(r httpRequest, err error) *httpFault {
	f := &httpFault{remedy: "check that " + r.URL.Host + " can be reached from here"}
	if ended := r.Context().Err(); ended != nil {
		f.cause = fmt.Errorf("no answer from %s: %w", r.URL.Host, ended)
		if errors.Is(ended, context.Canceled) {
			f.remedy = ""
		}
		return f
	}
	if at, ok := errors.AsType[*url.Error](err); ok {
		err = at.Err
	}
	f.cause = fmt.Errorf("no answer from %s: %s", r.URL.Host, r.mask.line(err.Error()))
	return f
}

// patience is how long a Retry-After asks to wait, in either of its forms (RFC
// 9110 section 10.2.3).
func (c *httpCaller) patience(retryAfter string) time.Duration {
	if seconds, err := strconv.ParseUint(retryAfter, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(retryAfter); err == nil {
		return max(0, at.Sub(c.now()))
	}
	return usualWait
}

// pause waits for d, or until ctx ends, and then returns why.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// decode reads the answer's JSON into what into points to.
func (a httpAnswer) decode(into any) *httpFault {
	if json.Unmarshal(a.body, into) != nil { // its error repeats the body
		return &httpFault{cause: fmt.Errorf("%s with a body that is not the JSON expected", a.said()), remedy: whoAnswers}
	}
	return nil
}

// said is the answer's status in words.
func (a httpAnswer) said() string {
	return strings.TrimSpace(fmt.Sprintf("HTTP %d %s", a.status, http.StatusText(a.status)))
}

// refusal is the fault of an answer that says no, with the provider's code and
// message if it has them.
func (a httpAnswer) refusal(m mask, code, message string) *httpFault {
	text := m.line(message)
	if text == "" {
		text = a.said()
	}
	return &httpFault{code: m.code(code), cause: errors.New(text)}
}

// tooMany is the fault of a name with more records than are looked through.
func tooMany() *httpFault {
	return &httpFault{cause: fmt.Errorf("the name has more than %d TXT records", maxPages*pageSize),
		remedy: "remove the records of the name that are not needed"}
}
