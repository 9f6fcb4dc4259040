package degraded

// RoomState is where a visitor stands with a waiting room.
type RoomState uint8

const (
	// RoomWaiting: the visitor is in line.
	RoomWaiting RoomState = iota
	// RoomNotStarted: nobody is let in yet, and it is known when.
	RoomNotStarted
	// RoomOver: nobody is let in any more.
	RoomOver
	// RoomEntered: it is the visitor's turn. Only polls are answered so; any
	// other request of a visitor who is in is forwarded.
	RoomEntered
	roomStates // how many there are
)

// name returns the state's name in JSON.
func (s RoomState) name() string {
	return [roomStates]string{
		RoomWaiting:    "waiting",
		RoomNotStarted: "not_started",
		RoomOver:       "over",
		RoomEntered:    "entered",
	}[s]
}

// status returns the status that goes with the state.
//
// A 200 would put the page into search indexes in place of the one that it
// stands before, so those who are to come back get 503, which has crawlers
// come back too (RFC 9110 section 15.6.4). The end of an event is known
// "through some configurable means" and "likely to be permanent": that is 410
// (section 15.5.11), which nobody retries. Programs lose nothing by either:
// wx.request and fetch() hand over the body of a 503 like any other.
//
// A poll asks for the visitor's place and gets it: that is 200. A 5xx every few
// seconds from everybody who waits would drown the real ones in the statistics,
// and some CDNs replace the body of a 5xx by their own page.
func (s RoomState) status(poll bool) int {
	switch {
	case poll || s == RoomEntered:
		return 200
	case s == RoomOver:
		return 410
	}
	return 503
}
