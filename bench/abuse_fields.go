package main

// Field sections are made of the representations of RFC 7541 section 6, with
// strings as they are: what is not Huffman-coded costs an attacker nothing to
// make.

// Indices of HPACK's static table (RFC 7541 appendix A).
const (
	indexAuthority = 1
	indexGET       = 2 // :method GET
	indexPOST      = 3 // :method POST
	indexPath      = 4 // :path /
	indexHTTPS     = 7 // :scheme https
)

// firstDynamic is the index of the entry that came last into the dynamic table.
const firstDynamic = 62

// tableSize is how much a dynamic table holds unless it is agreed otherwise,
// and entryOverhead what an entry counts besides its name and value (RFC 7541
// section 4).
const (
	tableSize     = 4096
	entryOverhead = 32
)

// appendInteger appends an integer behind the flags of a byte of which it has
// the last n bits (RFC 7541 section 5.1).
func appendInteger(b []byte, flags byte, n int, value int) []byte {
	most := 1<<n - 1
	if value < most {
		return append(b, flags|byte(value))
	}
	b = append(b, flags|byte(most))
	for value -= most; value >= 128; value >>= 7 {
		b = append(b, byte(value)|0x80)
	}
	return append(b, byte(value))
}

// appendString appends a string as it is (RFC 7541 section 5.2).
func appendString(b []byte, s string) []byte {
	return append(appendInteger(b, 0, 7, len(s)), s...)
}

// appendIndexed appends a field of which a table has name and value.
func appendIndexed(b []byte, index int) []byte {
	return appendInteger(b, 0x80, 7, index)
}

// appendNamed appends a field of which a table has the name, and leaves the
// tables alone.
func appendNamed(b []byte, index int, value string) []byte {
	return appendString(appendInteger(b, 0, 4, index), value)
}

// appendLiteral appends a field that no table has, and leaves the tables alone.
func appendLiteral(b []byte, name, value string) []byte {
	return appendString(appendString(append(b, 0), name), value)
}

// appendInserted appends a field and puts it into the dynamic table.
func appendInserted(b []byte, name, value string) []byte {
	return appendString(appendString(append(b, 0x40), name), value)
}

// requestSection is the field section of a request, with nothing in it that the
// server does not need.
func requestSection(method int, path string) []byte {
	b := appendIndexed(nil, method)
	b = appendIndexed(b, indexHTTPS)
	b = appendNamed(b, indexPath, path)
	return appendNamed(b, indexAuthority, benchHost)
}
