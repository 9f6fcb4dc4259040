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

// Purge forgets what is kept for a target of a host, or for all that begin with
// it, whether over TLS or in the clear, and returns how many copies that were.
// Answers under way are not affected.
func (c *Cache) Purge(host, target string, prefix bool) int {
	return c.forget([]byte(host), []byte(target), prefix)
}

// Forget forgets what is kept for a target, because it is not true any more.
func (c *Cache) Forget(authority, target []byte) { c.forget(authority, target, false) }

func (c *Cache) forget(authority, target []byte, prefix bool) (n int) {
	for _, secure := range [2]bool{false, true} {
		key := AppendKey(nil, secure, authority, target)
		if prefix {
			n += c.objects.RemovePrefix(key)
		} else {
			n += c.objects.Remove(key)
		}
	}
	return n
}
