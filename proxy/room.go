package proxy

import (
	"errors"
	"time"

	"sluice/degraded"
	"sluice/limiter"
	"sluice/message"
)

// Room is the waiting room of a Site, and what those who wait see of it.
type Room struct {
	*limiter.Room
	Pages *degraded.RoomPages
}

// roomTicketLife is how long browsers keep a place in line.
const roomTicketLife = 12 * time.Hour

// What is logged of those who wait.
var (
	failureWaiting    = waitingFor(message.CauseWaitingRoom, "the visitor waits in line")
	failureNotStarted = waitingFor(message.CauseNotStarted, "the waiting room has not opened yet")
	failureOver       = waitingFor(message.CauseOver, "the waiting room has closed")
)

func waitingFor(c message.Cause, why string) *message.Failure {
	return &message.Failure{Party: message.PartySluice, Phase: message.PhaseAdmit, Cause: c, Err: errors.New(why)}
}

// throughRoom lets a visitor through the Site's waiting room. Otherwise he has
// been told where he stands. Critical Routes are not behind it: programs that
// call back do not wait in line.
func (x *Exchange) throughRoom(now time.Time) bool {
	room := x.site.Room
	if room == nil || x.route.Class == limiter.ClassCritical {
		return true
	}
	v := room.Visit(x.cookie(cookiePass), x.cookie(cookieTicket), now)
	x.givePass(v.Pass)
	switch {
	case v.Ticket != nil:
		x.cookies[1] = x.setCookie(cookieTicket, v.Ticket, roomTicketLife)
	case v.Spent && len(x.cookie(cookieTicket)) > 0:
		x.cookies[1] = x.setCookie(cookieTicket, nil, 0)
	}
	poll := degraded.IsRoomPoll(x.r.Fields)
	if v.State == limiter.RoomEntered && !poll {
		x.passed = true
		return true
	}
	x.tellPlace(v, poll, now)
	return false
}

// tellPlace answers a visitor of the waiting room.
func (x *Exchange) tellPlace(v limiter.RoomVerdict, poll bool, now time.Time) {
	view := degraded.RoomView{
		Mode: x.route.Form, Poll: poll, Place: v.Place, Estimate: v.Estimate,
		PollAfter: v.PollAfter, Opens: v.Opens, Now: now,
	}
	var f *message.Failure
	switch v.State {
	case limiter.RoomEntered:
		view.State = degraded.RoomEntered
	case limiter.RoomNotStarted:
		view.State, f = degraded.RoomNotStarted, failureNotStarted
	case limiter.RoomOver:
		view.State, f = degraded.RoomOver, failureOver
	default:
		view.State, f = degraded.RoomWaiting, failureWaiting
	}
	accept, language := x.accepts()
	a := x.site.Room.Pages.Render(make([]byte, 0, 1024), view, accept, language)
	x.status, x.degraded = a.Status, "room"
	fields := append(x.added[:0], a.Fields...)
	if a.Status >= 400 {
		x.failure = f
		fields = append(fields, message.Field{Name: nameProxyStatus, Value: x.proxyStatus(), ID: message.ProxyStatus})
	}
	if a.RetryAfter != nil {
		fields = append(fields, message.Field{Name: nameRetryAfter, Value: a.RetryAfter, ID: message.RetryAfter})
	}
	fields = append(fields, message.Field{Name: nameRequestID, Value: x.id, ID: message.RequestID})
	x.resp = message.Response{Status: a.Status, Fields: x.withCookies(x.withHSTS(fields)), Length: a.Length}
	if x.w.Start(&x.resp) != nil {
		return
	}
	for _, piece := range a.Pieces {
		x.w.Write(piece)
	}
	x.w.Finish(nil)
}
