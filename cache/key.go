package cache

import "bytes"

// AppendKey appends the key that copies are found by: how the person came, the
// host in lower case and without the port that goes without saying, and the
// target as it was sent. Nothing else of a request is part of it, so whatever
// else an application goes by, its answers have to name in Vary.
func AppendKey(dst []byte, secure bool, authority, target []byte) []byte {
	scheme, port := byte('p'), ":80"
	if secure {
		scheme, port = 's', ":443"
	}
	dst = append(dst, scheme)
	for _, c := range bytes.TrimSuffix(authority, []byte(port)) {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return append(dst, target...) // begins with a slash, which no host has
}

// AppendVia appends to a key the host that a trusted peer was asked for, where
// that is another one than the authority: applications go by either.
func AppendVia(dst, host []byte) []byte { return append(append(dst, via), host...) }

// via cannot be in an authority or a target.
const via = ' '

// Purge forgets what is kept for a target of a host, or for all that begin with
// it, whether over TLS or in the clear and by whatever peer, and returns how
// many copies that were. It does as Forget does.
func (c *Cache) Purge(host, target string, prefix bool) (n int) {
	for _, secure := range [2]bool{false, true} {
		key := AppendKey(nil, secure, []byte(host), []byte(target))
		if !prefix {
			n += c.Forget(key)
			key = append(key, via)
		}
		n += c.forgetPrefix(key)
	}
	return n
}

// Forget forgets what is kept for a key, because it is not true any more, and
// returns how many copies that were. What answers requests that were sent before
// is still for those who wait for it; it is not kept, and nobody who asks from
// now on gets it.
func (c *Cache) Forget(key []byte) int {
	c.epochs.end(key) // first, see Keep
	c.flights.forget(key)
	return c.objects.Remove(key)
}

func (c *Cache) forgetPrefix(prefix []byte) int {
	c.epochs.endAll()
	c.flights.forgetPrefix(prefix)
	return c.objects.RemovePrefix(prefix)
}
