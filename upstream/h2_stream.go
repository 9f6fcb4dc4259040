package upstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"sluice/http1"
	"sluice/message"
)

// maxInterim bounds how many interim responses one request may get.
const maxInterim = 32

// h2Stream is one request over HTTP/2 and its response. It implements Conn.
type h2Stream struct {
	u       *Upstream
	silence http1.Silence
	noBody  bool // of HEAD

	ctx    context.Context
	cancel context.CancelCauseFunc

	// The sending side.
	in      *io.PipeReader // what the transport reads
	out     *io.PipeWriter
	hasBody bool
	req     *http.Request

	interim chan *message.Response
	head    chan h2Head // one, when the transport has it

	resp message.Response
	body h2Body

	ending sync.WaitGroup // the goroutine of the transport's round trip
}

// h2Head is what a round trip has brought.
type h2Head struct {
	resp *http.Response
	err  error
}

var (
	errCanceled = errors.New("the client is gone")
	errDone     = errors.New("the exchange is over")
)

func newH2Stream(u *Upstream) *h2Stream {
	s := &h2Stream{u: u, interim: make(chan *message.Response, maxInterim), head: make(chan h2Head, 1)}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.in, s.out = io.Pipe()
	return s
}

// Begin implements Conn.
func (s *h2Stream) Begin(method []byte, silence http1.Silence) {
	s.silence, s.noBody = silence, string(method) == "HEAD"
}

// SendHead implements Conn. The request is on its way at once.
func (s *h2Stream) SendHead(r *message.Request) {
	req, err := s.request(r)
	if err != nil {
		s.head <- h2Head{nil, err}
		return
	}
	s.req = req
	s.ending.Go(func() {
		resp, err := s.u.h2.RoundTrip(req)
		s.head <- h2Head{resp, err}
	})
}

// request translates r, whose bytes are not held on to.
func (s *h2Stream) request(r *message.Request) (*http.Request, error) {
	scheme := "http"
	if s.u.tls != nil {
		scheme = "https"
	}
	target, err := targetURL(scheme, s.u.Address, string(r.Target))
	if err != nil {
		return nil, err
	}
	trace := &httptrace.ClientTrace{Got1xxResponse: s.gotInterim}
	req := (&http.Request{
		Method: string(r.Method), URL: target, Host: string(r.Authority),
		Proto: "HTTP/2.0", ProtoMajor: 2,
		Header: make(http.Header, len(r.Fields)+2),
	}).WithContext(httptrace.WithClientTrace(s.ctx, trace))
	for _, f := range r.Fields {
		name := textproto.CanonicalMIMEHeaderKey(string(f.Name))
		req.Header[name] = append(req.Header[name], string(f.Value))
	}
	if _, there := req.Header["User-Agent"]; !there {
		req.Header["User-Agent"] = []string{""} // or the transport would add its own
	}
	if r.Trailers {
		req.Header["Te"] = []string{"trailers"} // which gRPC insists on
	}
	if r.Length != 0 {
		req.Body, s.hasBody = s.in, true
		req.ContentLength = r.Length
		req.Trailer = make(http.Header) // filled before the body ends
	}
	return req, nil
}

// targetURL returns a URL whose request target is exactly this.
func targetURL(scheme, host, target string) (*url.URL, error) {
	if strings.HasPrefix(target, "//") { // which Opaque cannot be
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return nil, err
		}
		u.Scheme, u.Host = scheme, host
		return u, nil
	}
	return &url.URL{Scheme: scheme, Host: host, Opaque: target}, nil
}

// gotInterim keeps an interim response for ReadHead.
func (s *h2Stream) gotInterim(code int, header textproto.MIMEHeader) error {
	if code == 100 {
		return nil // we did not ask for it
	}
	select {
	case s.interim <- &message.Response{Status: code, Length: -1, Fields: h2Fields(http.Header(header))}:
		return nil
	default:
		return errors.New("too many interim responses")
	}
}

// h2Fields translates fields, in the order of their names so that it is always
// the same.
func h2Fields(h http.Header) message.Fields {
	fields := make(message.Fields, 0, len(h))
	for name, values := range h {
		n := []byte(name)
		id := message.NameOf(n)
		if id.HopByHop() || id == message.ContentLength {
			continue
		}
		for _, v := range values {
			fields = append(fields, message.Field{Name: n, Value: []byte(v), ID: id})
		}
	}
	sortFields(fields)
	return fields
}

// sortFields sorts by name and keeps lines of one name in their order.
func sortFields(f message.Fields) {
	for i := 1; i < len(f); i++ { // insertion: there are few, and it is stable
		for j := i; j > 0 && bytes.Compare(f[j].Name, f[j-1].Name) < 0; j-- {
			f[j], f[j-1] = f[j-1], f[j]
		}
	}
}

// SendBody implements Conn. It returns when the transport has taken p.
func (s *h2Stream) SendBody(p []byte) *message.Failure {
	if !s.hasBody || len(p) == 0 {
		return nil
	}
	stop := s.unlessWithin(s.silence.Write)
	_, err := s.out.Write(p)
	stop()
	if err != nil {
		return s.sendFailed(err)
	}
	return nil
}

// unlessWithin cancels the stream if it is not stopped in time.
func (s *h2Stream) unlessWithin(d time.Duration) (stop func()) {
	if d <= 0 {
		return func() {}
	}
	t := time.AfterFunc(d, func() { s.abort(os.ErrDeadlineExceeded) })
	return func() { t.Stop() }
}

// sendFailed says why the body was not taken. If the upstream has answered
// already, ReadHead tells more.
func (s *h2Stream) sendFailed(err error) *message.Failure {
	f := &message.Failure{Party: message.PartyUpstream, Phase: message.PhaseSend,
		Cause: message.CauseConnectionTerminated, Again: message.AgainIdempotent, Where: s.u.Address, Err: err}
	if errors.Is(context.Cause(s.ctx), os.ErrDeadlineExceeded) {
		f.Cause, f.Err = message.CauseConnectionWriteTimeout, os.ErrDeadlineExceeded
	}
	return f
}

// FinishSending implements Conn.
func (s *h2Stream) FinishSending(trailers message.Fields) *message.Failure {
	if !s.hasBody {
		return nil
	}
	for _, f := range trailers {
		name := textproto.CanonicalMIMEHeaderKey(string(f.Name))
		s.req.Trailer[name] = append(s.req.Trailer[name], string(f.Value))
	}
	s.out.Close()
	return nil
}

// Flush implements Conn: nothing is kept back.
func (s *h2Stream) Flush() *message.Failure { return nil }

// CloseWrite implements Conn; there are no tunnels.
func (s *h2Stream) CloseWrite() {}

// Tunnel implements Conn; a response that would make one is a failure.
func (s *h2Stream) Tunnel() message.Body { panic("internal error: a tunnel over HTTP/2") }

// Cancel implements Conn: the stream is reset with CANCEL.
func (s *h2Stream) Cancel() { s.abort(errCanceled) }

// abort ends the stream with a reset. The transport does not look at its
// context while it waits for more of a body, so that is ended, too.
func (s *h2Stream) abort(why error) {
	s.cancel(why)
	s.out.CloseWithError(why)
}

// Cut implements Conn.
func (s *h2Stream) Cut() { s.Close() }

// Close implements Conn. The stream is reset unless both sides had ended it.
func (s *h2Stream) Close() { s.abort(errDone) }

// End implements Conn. It waits for the transport, which the reset wakes, so
// that nothing of the Exchange is used any more.
func (s *h2Stream) End() (reusable bool) {
	s.Close()
	s.ending.Wait()
	if s.body.src != nil {
		s.body.src.Close()
	} else {
		select {
		case h := <-s.head:
			if h.resp != nil {
				h.resp.Body.Close()
			}
		default:
		}
	}
	return false
}
