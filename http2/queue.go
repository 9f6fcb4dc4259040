package http2

// queue is a line of streams, in each of which st.next is the one behind. A
// stream stands in one queue at most.
type queue struct{ first, last *stream }

func (q *queue) push(st *stream) {
	st.next, st.queue = nil, q
	if q.last == nil {
		q.first = st
	} else {
		q.last.next = st
	}
	q.last = st
}

// remove takes st out, wherever it stands. (Nearly always it is the first.)
func (q *queue) remove(st *stream) {
	var before *stream
	for s := q.first; s != st; s = s.next {
		before = s
	}
	if before == nil {
		q.first = st.next
	} else {
		before.next = st.next
	}
	if q.last == st {
		q.last = before
	}
	st.next, st.queue = nil, nil
}

// queue lets a stream wait for its turn, behind those as urgent as it is.
func (o *outbox) queue(st *stream) {
	o.ready[st.urgency&7].push(st)
	o.waiting++
}

// first returns the stream whose turn it is; there is one.
func (o *outbox) first() *stream {
	for i := range o.ready {
		if st := o.ready[i].first; st != nil {
			return st
		}
	}
	return nil
}

// remove takes a stream out of whatever it waits in.
func (o *outbox) remove(st *stream) {
	switch st.queue {
	case nil:
		return
	case &o.starved:
	default:
		o.waiting--
	}
	st.queue.remove(st)
}
