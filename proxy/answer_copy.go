package proxy

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"sluice/cache"
	"sluice/cache/policy"
	"sluice/message"
)

// copyWriter answers an Exchange with a copy, perhaps while that still grows.
type copyWriter struct {
	x      *Exchange
	c      *cache.Copy
	flight *cache.Flight // we lead it, so that what the copy has no room for is ours; else nil
	gone   *gone
}

// answerWith answers with a copy: the whole of it, a part of it, or that the
// client has it already. flight is the Flight that it came by, if we lead one.
func (x *Exchange) answerWith(c *cache.Copy, s policy.CacheStatus, flight *cache.Flight) {
	m, now := c.Meta(), time.Now()
	x.copied = slices.Grow(c.Fields(x.copied[:0], x.headBytes[:0]), fieldsSaid)
	if s != (policy.CacheStatus{}) {
		x.say(s)
	}
	w := copyWriter{x: x, c: c, flight: flight}
	f := w.write(&m, now)
	x.copied = x.copied[:0]
	if w.gone != nil {
		x.w.Watch(nil)
	}
	if f != nil {
		x.failure = f
		x.w.Abort(f)
	}
}

// fieldsSaid is how many fields an answer has at most besides those that are
// stored, so that there is room for them once and for all.
const fieldsSaid = 12

// write writes the response.
func (w *copyWriter) write(m *cache.Meta, now time.Time) *message.Failure {
	x, stored := w.x, w.x.copied
	if policy.NotModified(x.r, &m.Meta, stored) {
		return w.bodyless(304, policy.NotModifiedFields(x.added[:0], stored), m, now)
	}
	from, length := int64(0), m.Length
	x.status = int(m.Status)
	if w.c.Complete() {
		length = w.c.Size()
		if x.asked.Range && m.Status == 200 {
			part, n, o := policy.Range(x.r, stored, length)
			switch o {
			case policy.Part:
				stored = append(stored, contentRange(part, n, length))
				from, length, x.status = part, n, 206
			case policy.Unsatisfiable:
				return w.bodyless(416, append(x.added[:0], contentRange(0, 0, length)), m, now)
			}
		}
	}
	x.resp = message.Response{Status: x.status, Fields: w.fields(stored, m, now), Length: length}
	if err := x.w.Start(&x.resp); err != nil {
		return clientFailure(err)
	}
	if string(x.r.Method) == "HEAD" {
		x.letGo()
		return x.done(x.w.Finish(nil))
	}
	return w.body(from, length)
}

// bodyless answers without a body.
func (w *copyWriter) bodyless(status int, f message.Fields, m *cache.Meta, now time.Time) *message.Failure {
	x := w.x
	x.status = status
	x.letGo()
	x.resp = message.Response{Status: status, Fields: w.fields(f, m, now)}
	if status == 304 {
		x.resp.Length = -1 // says nothing of the length
	}
	if err := x.w.Start(&x.resp); err != nil {
		return clientFailure(err)
	}
	return x.done(x.w.Finish(nil))
}

// fields adds to the stored fields what is said anew with each answer.
func (w *copyWriter) fields(f message.Fields, m *cache.Meta, now time.Time) message.Fields {
	x := w.x
	if age := m.Age(now); age >= time.Second || x.outcome != cacheMiss {
		from := len(x.scratch)
		x.scratch = strconv.AppendInt(x.scratch, int64(age/time.Second), 10)
		f = append(f, message.Field{Name: nameAge, Value: x.scratched(from)})
	}
	if x.failure != nil {
		f = append(f, message.Field{Name: nameProxyStatus, Value: x.proxyStatus(), ID: message.ProxyStatus})
	}
	return x.responseFields(f)
}

// body writes length bytes of the body from offset from on; -1: all there is.
func (w *copyWriter) body(from, length int64) *message.Failure {
	x, off := w.x, from
	for {
		complete := w.c.Complete() // asked first: nothing comes after
		p := w.c.Piece(off)
		if length >= 0 {
			p = p[:min(int64(len(p)), from+length-off)]
		}
		switch {
		case len(p) > 0:
			if f := w.piece(p); f != nil {
				return f
			}
			off += int64(len(p))
		case complete || length >= 0 && off == from+length:
			x.letGo()
			return x.done(x.w.Finish(nil))
		default:
			if err := w.wait(off); err != nil || w.gone.is() {
				return w.cutShort(err)
			}
		}
	}
}

func (w *copyWriter) piece(p []byte) *message.Failure {
	if err := w.x.pace(len(p)); err != nil {
		return clientFailure(err)
	}
	if err := w.x.w.Write(p); err != nil {
		return clientFailure(err)
	}
	return nil
}

// wait waits for more of a copy that is still growing.
func (w *copyWriter) wait(off int64) error {
	if err := w.x.w.Flush(); err != nil {
		return err
	}
	if w.gone == nil {
		w.gone = newGone()
		w.x.w.Watch(w.gone)
	}
	return w.c.Wait(off, w.gone.ch)
}

// cutShort ends a response whose copy has ended too soon. If that was for want of
// room, the leader of the Flight has the rest from the Upstream itself.
func (w *copyWriter) cutShort(err error) *message.Failure {
	if w.gone != nil && w.gone.is() {
		return failureGone
	}
	if w.flight != nil {
		if rest, ok := w.flight.Rest(); ok {
			return w.rest(rest)
		}
	}
	var f *message.Failure
	if errors.As(err, &f) {
		return f
	}
	return failureTooLarge
}

// rest passes on what follows the copy.
func (w *copyWriter) rest(r cache.Rest) *message.Failure {
	x := w.x
	if w.gone != nil {
		x.w.Watch(nil)
	}
	x.w.Watch(w.flight)
	f := w.piece(r.Piece)
	if f == nil {
		f = x.relayBody(r.Body)
	}
	x.w.Watch(nil)
	w.gone = nil
	w.flight.Return(f)
	return f
}

var (
	failureGone = &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody,
		Cause: message.CauseClientGone, Err: errors.New("the client went away while the answer was on its way")}
	failureTooLarge = &message.Failure{Party: message.PartySluice, Phase: message.PhaseBody,
		Cause: message.CauseInternal, Err: errors.New("an answer that several clients shared has become too large to be kept for them")}
)

var nameContentRange = []byte("Content-Range")

// contentRange is the field of a part (RFC 9110 section 14.4), or of none.
func contentRange(from, n, size int64) message.Field {
	b := append(make([]byte, 0, 64), "bytes "...)
	if n == 0 {
		b = append(b, '*')
	} else {
		b = strconv.AppendInt(b, from, 10)
		b = append(b, '-')
		b = strconv.AppendInt(b, from+n-1, 10)
	}
	b = append(b, '/')
	return message.Field{Name: nameContentRange, Value: strconv.AppendInt(b, size, 10)}
}
