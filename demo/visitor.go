package demo

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// visitor asks the proxy for something, as a client would, for the control
// page: a browser would not let that page look at another origin's answers.
type visitor struct {
	url       string
	client    http.Client
	transport *http.Transport
}

// visit is what came of one request to the proxy.
type visit struct {
	Sample string `json:"sample"` // who answered; "" if none of the samples
	Status int    `json:"status"` // 0 without an answer
	Millis int64  `json:"ms"`
	Error  string `json:"error,omitempty"`
}

// newVisitor returns a visitor to the proxy at that URL. It must be on
// loopback: the certificate is not checked, because it is self-signed.
func newVisitor(proxyURL string) (*visitor, error) {
	u, err := url.Parse(proxyURL)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "https" && u.Scheme != "http" || !loopback(u.Host) {
		return nil, fmt.Errorf("%s: not an http or https URL on loopback", proxyURL)
	}
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true},
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     10 * time.Second,
	}
	return &visitor{
		url:       proxyURL,
		transport: transport,
		client: http.Client{
			Transport: transport,
			Timeout:   10 * time.Second,
			// What the proxy answers is the result, whatever it is.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// visit asks once.
func (v *visitor) visit(ctx context.Context) (out visit) {
	begun := time.Now()
	defer func() { out.Millis = time.Since(begun).Milliseconds() }()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url, nil)
	if err != nil {
		return visit{Error: err.Error()}
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "sluice-demo")
	response, err := v.client.Do(request)
	if err != nil {
		return visit{Error: err.Error()}
	}
	defer response.Body.Close()
	out = visit{Sample: response.Header.Get(sampleField), Status: response.StatusCode}
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20)); err != nil {
		out.Error = err.Error()
	}
	return out
}

// close closes the connections that are kept.
func (v *visitor) close() { v.transport.CloseIdleConnections() }
