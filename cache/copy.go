package cache

import (
	"errors"

	"sluice/cache/policy"
	"sluice/cache/store"
	"sluice/message"
)

type object = store.Object[Meta]

// Copy is a response that is kept, whole or still growing. Whoever has it from
// Find, Wait or Retain holds a reference until he calls Release; all that its
// methods return is part of it and not to be used after that.
type Copy object

// errTooLarge ends a Copy that has grown larger than one may be.
var errTooLarge = errors.New("the response is too large to be kept")

func (c *Copy) object() *object { return (*object)(c) }

// Meta is what is remembered besides head and body.
func (c *Copy) Meta() Meta { return c.object().Meta() }

// Fields appends the fields of the head to dst. They are part of the Copy, or of
// buf, which is used if the head does not lie in one piece.
func (c *Copy) Fields(dst message.Fields, buf []byte) message.Fields {
	return appendFields(dst, c.object().Head(buf))
}

// Matches reports whether the Copy answers a request for its key, by what it
// varies on.
func (c *Copy) Matches(r *message.Request) bool {
	if !c.object().Meta().varies {
		return true
	}
	var buf [512]byte
	vary, _ := varyOf(c.object().Head(buf[:0]))
	return policy.Matches(vary, r)
}

// Complete reports that all of the body is there.
func (c *Copy) Complete() bool { return c.object().Complete() }

// Size is how many bytes of the body there are, all of them if Complete.
func (c *Copy) Size() int64 { return c.object().Size() }

// Piece returns what is there of the body from offset off on, or the beginning
// of that; nothing if there is no more yet.
func (c *Copy) Piece(off int64) []byte { return c.object().Piece(off) }

// Wait returns when there is more of the body than off bytes, or all of it is
// there, or gone is closed. It returns an error when the body has been cut short.
func (c *Copy) Wait(off int64, gone <-chan struct{}) error {
	_, err := c.object().Wait(off, gone)
	return err
}

// Retain takes another reference.
func (c *Copy) Retain() { c.object().Retain() }

// Release gives a reference back.
func (c *Copy) Release() { c.object().Release() }
