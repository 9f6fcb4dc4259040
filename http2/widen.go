package http2

// widen lets a stream send n more, or less. It reports false if its window
// would be larger than there may be. The caller holds mu.
func (c *conn) widen(st *stream, n int64) bool {
	if st.window += n; st.window > lastPossible {
		return false
	}
	if st.turn.blocked && st.window > 0 && st.queue == nil {
		c.unblock(st)
	}
	return true
}

// widenAll does so for the whole connection.
func (c *conn) widenAll(n int64) bool {
	o := &c.outbox
	if o.window += n; o.window > lastPossible {
		return false
	}
	for st := o.starved.first; st != nil && o.window > 0; st = o.starved.first {
		o.remove(st)
		c.unblock(st)
	}
	return true
}

// unblock lets a stream have its turn again, and has it write if nobody does.
func (c *conn) unblock(st *stream) {
	st.turn.blocked = false
	c.outbox.queue(st)
	if !c.outbox.writing {
		st.wakeWriter()
	}
}
