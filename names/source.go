package names

// Source is where a Pool's addresses come from: a Name or a File. All methods
// may be called from any goroutine.
type Source interface {
	// Current returns the addresses that it leads to now, sorted, each once.
	// They are shared and must not be changed. If there are none, the error
	// says why; otherwise it is nil, whatever the resolver or the file says at
	// the moment.
	Current() ([]Address, error)

	// Wanted says that what Current gave does not work: look again soon. It
	// costs little and may be called for each failed dial.
	Wanted()

	// Unfollow ends it. A call of changed that was already on its way may still
	// come. Current goes on giving the last addresses. Unfollow may be called
	// again.
	Unfollow()

	// String names it in logs and to people.
	String() string
}
