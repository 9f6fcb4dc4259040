package proxy

import (
	"time"

	"sluice/limiter"
)

// pace waits until n more bytes of the response may go to the client's
// connection, if the Site bounds how many go in a second. What has been written
// already is sent before.
func (x *Exchange) pace(n int) error {
	if x.site == nil || x.site.Bandwidth == 0 {
		return nil
	}
	wait := x.connectionPace().Delay(n, time.Now())
	if wait <= 0 {
		return nil
	}
	if err := x.w.Flush(); err != nil {
		return err
	}
	time.Sleep(wait) // bounded by the size of a piece and the slowest bandwidth
	return nil
}

// connectionPace is what the connection's Exchanges share. The first Site that
// bounds a connection decides by how much.
func (x *Exchange) connectionPace() *limiter.Pace {
	perSecond := x.site.Bandwidth
	return x.r.Client.Keep(func() any { return limiter.NewPace(perSecond) }).(*limiter.Pace)
}
