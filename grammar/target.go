package grammar

// TargetEnd returns the index of the first byte from b[i] on that may not
// stand in a path and query (origin form, RFC 9112 section 3.2.1, :path of RFC
// 9113 section 8.3.1), len(b) if there is none. It looks at bytes only: what
// b[i:end] begins with, and that it is not empty, is for the caller to see.
func TargetEnd(b []byte, i int) int {
	end := Path.End(b, i)
	if end < len(b) && b[end] == '?' {
		end = Query.End(b, end)
	}
	return end
}
