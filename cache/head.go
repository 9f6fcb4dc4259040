package cache

import (
	"encoding/binary"

	"sluice/message"
)

// A head as it is stored: what the response varies on, preceded by its length,
// then field after field: Name, length of the name, length of the value, name,
// value. Lengths are uvarints. Only this process reads it, but it reads with
// care: a fault here would show one person's bytes to another.

// appendHead appends the stored form of a head.
func appendHead(dst, vary []byte, fields message.Fields) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(vary)))
	dst = append(dst, vary...)
	for i := range fields {
		f := &fields[i]
		dst = append(dst, byte(f.ID))
		dst = binary.AppendUvarint(dst, uint64(len(f.Name)))
		dst = binary.AppendUvarint(dst, uint64(len(f.Value)))
		dst = append(dst, f.Name...)
		dst = append(dst, f.Value...)
	}
	return dst
}

// varyOf returns what a stored head varies on, and the rest of it.
func varyOf(head []byte) (vary, rest []byte) {
	vary, rest, ok := cut(head)
	if !ok {
		return nil, nil
	}
	return vary, rest
}

// appendFields appends the fields of a stored head to dst. They are part of it.
func appendFields(dst message.Fields, head []byte) message.Fields {
	_, rest := varyOf(head)
	for len(rest) > 0 {
		id := message.Name(rest[0])
		name, w := binary.Uvarint(rest[1:])
		if w <= 0 {
			return dst
		}
		value, v := binary.Uvarint(rest[1+w:])
		if v <= 0 {
			return dst
		}
		rest = rest[1+w+v:]
		if name > uint64(len(rest)) || value > uint64(len(rest))-name {
			return dst
		}
		dst = append(dst, message.Field{ID: id, Name: rest[:name:name], Value: rest[name : name+value : name+value]})
		rest = rest[name+value:]
	}
	return dst
}

// cut cuts a piece off that is preceded by its length.
func cut(b []byte) (piece, rest []byte, ok bool) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return nil, nil, false
	}
	return b[w : w+int(n) : w+int(n)], b[w+int(n):], true
}
