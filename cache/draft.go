package cache

import (
	"bytes"
	"time"

	"sluice/cache/policy"
	"sluice/message"
)

// Draft is a Copy in the making. One goroutine writes it and then calls Commit
// or Fail, and Release in the end; others may read it meanwhile.
type Draft struct {
	*Copy
	cache *Cache
}

// Head is what a Copy begins with.
type Head struct {
	Key    []byte // of AppendKey
	Vary   []byte // of policy.AppendVary
	Meta   Meta
	Fields message.Fields // to be stored
	Length int64          // of the body, -1: not known
	Epoch  uint64         // of Cache.Epoch, from before the Upstream was asked
}

// Keep begins a Copy, which nobody can Find before Commit. ok is false when
// there is no room for it. What h points to is copied. If something was forgotten
// for the key since h.Epoch, the Copy is for those who read it meanwhile and is
// never found.
func (c *Cache) Keep(h *Head) (d Draft, ok bool) {
	var buf [1024]byte
	m := h.Meta
	m.varies = len(h.Vary) > 0
	o := c.objects.Create(h.Key, appendHead(buf[:0], h.Vary, h.Fields), m, h.Length)
	if o != nil && c.Epoch(h.Key) != h.Epoch {
		// Looked at after Create: whoever forgets the key from here on finds o.
		o.Hide()
	}
	return Draft{(*Copy)(o), c}, o != nil
}

// Append adds to the body, and reports whether it could: if not, the Copy has
// become too large, or there is no room, and is never found.
func (d Draft) Append(p []byte) bool { return d.object().Append(p) }

// Flush wakes those who wait for what was appended.
func (d Draft) Flush() { d.object().Flush() }

// Commit says that the body is whole. From now on requests Find the Copy, in the
// place of any other that varies in the same way.
func (d Draft) Commit() {
	vary, _ := varyOf(d.object().Head(nil))
	d.cache.objects.Commit(d.object(), func(old *object) bool { return replaces(vary, old) })
}

// Fail says that the body is cut short. Those who read it are told err.
func (d Draft) Fail(err error) { d.object().Fail(err) }

// Renew puts a Copy that the Upstream has confirmed in the place of was, with h's
// Vary, Meta and Fields and was's body, and returns it with a reference; nil if
// it could not be kept, or was could not be found any more.
func (c *Cache) Renew(was *Copy, h *Head) *Copy {
	m := h.Meta
	m.varies = len(h.Vary) > 0
	return (*Copy)(c.objects.Renew(was.object(), appendHead(nil, h.Vary, h.Fields), m))
}

// replaces reports that a Copy with this Vary takes the place of an old one: of
// one that answers the same requests, and of the mark that there would be none.
func replaces(vary []byte, old *object) bool {
	if old.Meta().Pass {
		return true
	}
	was, _ := varyOf(old.Head(nil))
	return bytes.Equal(was, vary)
}

// Pass remembers that what comes for the key cannot be stored. now is when that was
// found out.
func (c *Cache) Pass(key []byte, now time.Time) {
	d, ok := c.Keep(&Head{Key: key, Meta: Meta{Meta: policy.Meta{Received: now.UnixNano()}, Pass: true}, Epoch: c.Epoch(key)})
	if !ok {
		return
	}
	d.cache.objects.Commit(d.object(), func(old *object) bool { return old.Meta().Pass })
	d.Release()
}
