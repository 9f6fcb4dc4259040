package proxy

import (
	"io"

	"sluice/message"
)

// relay passes the final response on to the client and gives the connection
// back.
func (x *Exchange) relay(resp *message.Response) {
	x.status = resp.Status
	var f *message.Failure
	switch {
	case x.fetch != nil:
		f = x.collect(resp)
	case resp.Status == 101:
		resp.Fields = x.responseFields(resp.Fields)
		x.tunnel(resp)
		return
	default:
		x.invalidate(resp)
		x.freshenByHead(resp)
		x.tee(resp)
		resp.Fields = x.responseFields(resp.Fields)
		f = x.relayWhole(resp)
	}
	x.w.Watch(nil)
	if f != nil {
		f = x.pump.blame(f)
	}
	x.pump.stop()
	if f != nil {
		x.failure = f
		x.w.Abort(f)
		x.up.Failed(x.began, f)
	}
	if x.conn.End() && f == nil {
		x.up.Put(x.conn)
	} else {
		x.up.Discard(x.conn)
	}
	x.conn = nil
}

// relayWhole passes head, body and trailers on. After a failure the client
// must not take what it has for the whole.
func (x *Exchange) relayWhole(resp *message.Response) *message.Failure {
	if err := x.w.Start(resp); err != nil {
		return clientFailure(err)
	}
	if resp.Body == nil {
		x.letGo()
		x.endCopy()
		return x.done(x.w.Finish(nil))
	}
	return x.relayBody(resp.Body)
}

// relayBody passes the body and its trailers on.
func (x *Exchange) relayBody(body message.Body) *message.Failure {
	for {
		// Nothing that we have waits while we wait for more.
		if !body.Ready() {
			if err := x.w.Flush(); err != nil {
				return clientFailure(err)
			}
		}
		p, err := body.Next()
		if err == io.EOF {
			x.letGo()
			x.endCopy()
			return x.done(x.w.Finish(body.Trailers()))
		}
		if err != nil {
			return clientFailure(err)
		}
		x.addToCopy(p)
		if err := x.pace(len(p)); err != nil {
			return clientFailure(err)
		}
		if err := x.w.Write(p); err != nil {
			return clientFailure(err)
		}
	}
}

// done turns the error of a finished response into a Failure.
func (x *Exchange) done(err error) *message.Failure {
	if err != nil {
		return clientFailure(err)
	}
	return nil
}

// responseFields puts our Request-Id, and Strict-Transport-Security if the Site
// has one, in the place of whatever the upstream sent under those names.
func (x *Exchange) responseFields(f message.Fields) message.Fields {
	if f.Has(message.RequestID) {
		f = f.Without(message.RequestID)
	}
	if x.failsOpen && (x.gen.Debug || x.trusted) {
		f = append(f, message.Field{Name: nameProxyStatus, Value: statusFailsOpen, ID: message.ProxyStatus})
	}
	f = x.withCacheStatus(x.withCookies(x.withPolicy(x.withHSTS(f))))
	return append(f, message.Field{Name: nameRequestID, Value: x.id, ID: message.RequestID})
}

// statusFailsOpen is the Proxy-Status (RFC 9209) of a response from an Upstream
// of a Pool in which too few are in service.
var statusFailsOpen = []byte(`sluice; details="the pool fails open: too few upstreams are in service"`)
