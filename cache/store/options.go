package store

import (
	"errors"
	"fmt"
	"reflect"
)

// MinBytes is the least that Options.Bytes may be.
const MinBytes = 128 << 10

var (
	// ErrNoRoom is what followers of an object get when it is committed
	// although an Append said no.
	ErrNoRoom = errors.New("sluice: store: no room for the whole object")
	// ErrAbandoned is what followers of an object get when the last but them
	// has neither committed nor failed it, or when it failed without an error.
	ErrAbandoned = errors.New("sluice: store: filling was abandoned")
)

// Options is what a Store is made of.
type Options struct {
	// Bytes is what the Store may cost, its index included; at least MinBytes.
	// It is address space at first and becomes memory as it is used. Beside it
	// each reference that is held costs about 150 bytes of Go's heap.
	Bytes int64
	// Largest is how many bytes the key, the head and the body of one object
	// may have together. Less than 1 counts as a sixteenth of Bytes. It is
	// never more than what fits in half of the Store. From 8 MiB on it makes
	// blocks larger than 512 bytes, and small objects waste more.
	Largest int64
}

// check returns what is wrong with o.
func (o Options) check() error {
	if o.Bytes < MinBytes {
		return fmt.Errorf("store: %d bytes are too few, the least is %d", o.Bytes, MinBytes)
	}
	if int64(int(o.Bytes)) != o.Bytes {
		return fmt.Errorf("store: %d bytes are more than this machine can address", o.Bytes)
	}
	return nil
}

// largest returns Largest, or what it is when nothing is said.
func (o Options) largest() int64 {
	if o.Largest < 1 {
		return o.Bytes / 16
	}
	return min(o.Largest, o.Bytes/2)
}

// pointerFree says what in a type the collector would have to see. What lies
// in the arena it does not see.
func pointerFree(t reflect.Type) error {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return nil
	case reflect.Array:
		return pointerFree(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if err := pointerFree(t.Field(i).Type); err != nil {
				return fmt.Errorf("%w, in field %s", err, t.Field(i).Name)
			}
		}
		return nil
	}
	return fmt.Errorf("store: metadata must have no pointers, %v has", t)
}
