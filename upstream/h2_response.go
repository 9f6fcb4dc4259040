package upstream

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"sluice/message"
)

// ReadHead implements Conn.
func (s *h2Stream) ReadHead(deadline time.Time) (*message.Response, *message.Failure) {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case r := <-s.interim:
		return r, nil
	default:
	}
	select {
	case r := <-s.interim:
		return r, nil
	case h := <-s.head:
		if h.err != nil {
			return nil, s.failed(h.err, message.PhaseWait)
		}
		// Interim responses came before.
		select {
		case r := <-s.interim:
			s.head <- h
			return r, nil
		default:
		}
		return s.translate(h.resp), nil
	case <-timer.C:
		return nil, &message.Failure{Party: message.PartyUpstream, Phase: message.PhaseWait, Where: s.u.Address,
			Cause: message.CauseConnectionReadTimeout, Again: message.AgainIdempotent, Err: os.ErrDeadlineExceeded}
	}
}

// translate makes the final response.
func (s *h2Stream) translate(resp *http.Response) *message.Response {
	s.resp = message.Response{Status: resp.StatusCode, Length: resp.ContentLength, Fields: h2Fields(resp.Header)}
	s.body = h2Body{s: s, src: resp.Body, resp: resp, silence: s.silence.Open}
	switch {
	case s.noBody || resp.Body == http.NoBody || resp.ContentLength == 0 && len(resp.Trailer) == 0:
		// Trailers that come without a body are fields of the head.
	default:
		s.resp.Body = &s.body
		if resp.ContentLength > 0 {
			s.body.silence = s.silence.Counted
		}
	}
	return &s.resp
}

// streamError is what the transport's error of a reset stream can be taken
// for by errors.As.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return "the stream was reset" }

// failed says why a stream has failed.
func (s *h2Stream) failed(err error, phase message.Phase) *message.Failure {
	var dialled *message.Failure
	if errors.As(err, &dialled) {
		return dialled
	}
	f := &message.Failure{Party: message.PartyUpstream, Phase: phase, Where: s.u.Address,
		Cause: message.CauseConnectionTerminated, Again: message.AgainIdempotent, Err: err}
	if phase == message.PhaseBody {
		f.Cause, f.Again = message.CauseResponseIncomplete, message.AgainNever
	}
	var reset streamError
	switch cause := context.Cause(s.ctx); {
	case errors.Is(cause, errCanceled):
		f.Party, f.Cause, f.Again = message.PartyClient, message.CauseClientGone, message.AgainNever
	case errors.Is(cause, os.ErrDeadlineExceeded):
		f.Cause, f.Err = message.CauseConnectionReadTimeout, os.ErrDeadlineExceeded
		if phase == message.PhaseWait {
			f.Cause = message.CauseConnectionWriteTimeout
		}
	case errors.As(err, &reset):
		f.Code = reset.Code
	}
	return f
}

// h2BodySize is how much of a body is read at a time.
const h2BodySize = 32 << 10

// h2Body is the body of a response over HTTP/2. It implements message.Body.
type h2Body struct {
	s        *h2Stream
	src      io.ReadCloser
	resp     *http.Response
	silence  time.Duration
	buf      []byte
	err      error
	trailers message.Fields
}

// Ready implements message.Body. The transport does not tell, so what we have
// is always sent before more is waited for.
func (b *h2Body) Ready() bool { return b.err != nil }

// Next implements message.Body.
func (b *h2Body) Next() ([]byte, error) {
	if b.err != nil {
		return nil, b.err
	}
	if b.buf == nil {
		b.buf = make([]byte, h2BodySize)
	}
	n, err := b.read()
	if err == io.EOF {
		b.err = io.EOF
		b.trailers = h2Fields(b.resp.Trailer)
	} else if err != nil {
		b.err = b.s.failed(err, message.PhaseBody)
	}
	if n > 0 {
		return b.buf[:n], nil
	}
	return nil, b.err
}

// maxEmptyReads is how often a reader may return nothing at all.
const maxEmptyReads = 100

// read waits for bytes or an error.
func (b *h2Body) read() (n int, err error) {
	defer b.s.unlessWithin(b.silence)()
	for range maxEmptyReads {
		if n, err = b.src.Read(b.buf); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// Trailers implements message.Body.
func (b *h2Body) Trailers() message.Fields { return b.trailers }
