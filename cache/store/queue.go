package store

// queueName says which queue an object is in.
type queueName uint8

const (
	queueNone queueName = iota // not in any: it is being filled, or unlinked
	queueSmall
	queueMain
)

// queue is a list of objects that may be evicted, by the numbers of their first
// blocks. It is guarded by Store.mu.
type queue struct {
	newest, oldest uint32
	objects        int
	blocks         int // all that they take
}

// push puts r, which is in no queue, at the newer end of one. The caller holds
// mu.
func (s *Store[M]) push(name queueName, r *record[M]) {
	q := &s.queues[name]
	r.queue, r.newer, r.older = name, 0, q.newest
	if q.newest != 0 {
		s.record(q.newest).newer = r.id
	} else {
		q.oldest = r.id
	}
	q.newest = r.id
	q.objects++
	q.blocks += s.weight(r.blocks)
}

// pull takes r out of the queue it is in, if any. The caller holds mu.
func (s *Store[M]) pull(r *record[M]) {
	if r.queue == queueNone {
		return
	}
	q := &s.queues[r.queue]
	if r.newer != 0 {
		s.record(r.newer).older = r.older
	} else {
		q.newest = r.older
	}
	if r.older != 0 {
		s.record(r.older).newer = r.newer
	} else {
		q.oldest = r.newer
	}
	q.objects--
	q.blocks -= s.weight(r.blocks)
	r.queue, r.newer, r.older = queueNone, 0, 0
}

// enqueue puts an object that was committed in the queue it belongs in. The
// caller holds mu.
func (s *Store[M]) enqueue(r *record[M]) {
	if s.ghosts.take(r.hash, s.queues[queueSmall].objects+s.queues[queueMain].objects) {
		s.push(queueMain, r)
		return
	}
	s.push(queueSmall, r)
}

// inherit gives an object the place of that which it replaces: a page that is
// renewed each minute is not new each minute. The caller holds mu, and old is
// still in its queue.
func (s *Store[M]) inherit(r, old *record[M]) {
	if old.queue == queueMain && r.queue == queueSmall {
		s.pull(r)
		s.push(queueMain, r)
	}
	r.use.Store(max(r.use.Load(), old.use.Load()))
}
