package http2

// takeSettings applies the client's SETTINGS.
func (c *conn) takeSettings(h frameHeader, p []byte) *ending {
	if h.has(flagAck) {
		return nil
	}
	c.greeted = true
	if v := c.peer.apply(p); v != nil {
		return broken(v)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	o := &c.outbox
	if c.peer.tableSizeSeen {
		// "The encoder [...] MUST signal" a change of the table's size (RFC
		// 7541 section 4.2); ours is always empty.
		c.peer.tableSizeSeen = false
		o.tableUpdate = true
	}
	delta := int64(c.peer.window) - o.streamWindow
	o.streamWindow += delta
	for _, st := range c.streams {
		if delta != 0 && !c.widen(st, delta) {
			return broken(violationWindow)
		}
	}
	o.b = appendSettingsAck(o.buffer())
	return nil
}

// takePing answers a PING, or takes the answer to ours.
func (c *conn) takePing(h frameHeader, p []byte) *ending {
	var data [8]byte
	copy(data[:], p)
	if h.has(flagAck) {
		if c.farewell.announced && data == pingFarewell {
			c.answeredFarewell()
		}
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outbox.b = appendPing(c.outbox.buffer(), true, data)
	return nil
}

// takeWindowUpdate lets us send more.
func (c *conn) takeWindowUpdate(h frameHeader, p []byte) *ending {
	if h.stream != 0 && c.isIdle(h.stream) {
		return broken(violationIdle)
	}
	n, v := windowIncrement(h, p)
	switch {
	case v != nil && !v.stream:
		return broken(v)
	case v != nil:
		return c.streamError(h.stream, v)
	}
	c.mu.Lock()
	if h.stream == 0 {
		defer c.mu.Unlock()
		if !c.widenAll(int64(n)) {
			return broken(violationWindow)
		}
		return nil
	}
	st := c.streams[h.stream]
	ok := st == nil || c.widen(st, int64(n))
	c.mu.Unlock()
	if !ok {
		return c.streamError(h.stream, violationStreamWindow)
	}
	return nil
}

// takeReset ends a stream that the client takes back. What it has cost us is
// why there is a budget.
func (c *conn) takeReset(h frameHeader, p []byte) *ending {
	if c.isIdle(h.stream) {
		return broken(violationIdle)
	}
	c.mu.Lock()
	st := c.streams[h.stream]
	live := st != nil && st.failure == nil && !(st.remoteEnded && st.localEnded)
	if live {
		c.kill(st, resetFailure(resetCode(p)))
		st.takenBack = true
	}
	c.mu.Unlock()
	if !live {
		if !c.mayControl() {
			return endingFrames
		}
		return nil
	}
	c.srv.counts.resets.Add(1)
	if !c.guard.resets.take() {
		return endingResets
	}
	return nil
}

// takePriorityUpdate notes a stream's new urgency (RFC 9218 section 7.1). One
// for a stream that is not open yet is not kept: a hint is not worth memory
// that a client can fill.
func (c *conn) takePriorityUpdate(p []byte) *ending {
	id, value, v := priorityUpdatePayload(p)
	if v != nil {
		return broken(v)
	}
	urgency, _ := parsePriority(value)
	c.mu.Lock()
	defer c.mu.Unlock()
	if st := c.streams[id]; st != nil {
		st.urgency = urgency // of its next turn on
	}
	return nil
}
