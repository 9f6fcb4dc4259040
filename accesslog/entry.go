package accesslog

import (
	"net/netip"
	"time"
	"unicode/utf8"
)

// Entry is what is known about one Exchange when it ends. Log only borrows it
// and its slices: after Log has returned they may be used again.
//
// Text that clients send may hold any bytes and is cut when it is long; the
// length it had then stands beside it, as in "path_cut":5120. All else is our
// own words or comes from the config.
type Entry struct {
	Time      time.Time // when the Exchange began
	RequestID []byte
	Client    netip.Addr
	Host      []byte
	Method    []byte
	Path      []byte // with the query
	Proto     string // "HTTP/1.1", "HTTP/2"
	UserAgent []byte

	Status   int
	BytesIn  int64
	BytesOut int64

	Total     time.Duration // from the first byte to the last
	Queue     time.Duration // in the Pool's queue
	Connect   time.Duration // to dial the Upstream; 0 on a reused connection
	FirstByte time.Duration // until the Upstream's head
	Upstream  time.Duration // all Attempts together

	Site         string
	Pool         string
	UpstreamAddr string // of the last Attempt
	Attempts     int

	Who      string // failed: client, upstream, sluice; empty: none did
	Phase    string
	Cause    string
	Detail   string
	Degraded string // which Degraded answer was given
	Cache    string // how the cache had part in the answer; empty: it had none

	// In no line: how old the copy was that was given as a Degraded answer, and
	// the Attempts, in their order, of an Exchange that failed.
	Age   time.Duration
	Tries []Try

	TLSVersion string // "1.3"; empty on a plain connection
	ALPN       string
	SNI        string

	Sample int // for how many its line stands, if more than one; set by Log
}

// Try is one Attempt of an Exchange that failed.
type Try struct {
	Upstream string
	Took     time.Duration
	Reused   bool   // on a connection that had served before
	Phase    string // where it failed; empty: it did not
	Cause    string
	Err      error // what was the matter; nil: that is not known
	Status   int   // of a response that was not taken; 0: there was none
}

// Caps of the text that clients send, in bytes.
const (
	maxID        = 128
	maxMethod    = 32
	maxHost      = 256
	maxPath      = 2 << 10
	maxUserAgent = 256
	maxSNI       = 256
	maxDetail    = 512
)

// encoder is the part of zapcore.ObjectEncoder that an Entry needs. Zap's JSON
// encoder implements it, and plain for the lines that need no escaping.
type encoder interface {
	AddTime(key string, val time.Time)
	AddDuration(key string, val time.Duration)
	AddInt64(key string, val int64)
	AddString(key, val string)
	AddByteString(key string, val []byte)
}

// encode adds the fields of e to enc, in the order of the line. The client's
// address is formatted in scratch.
func (e *Entry) encode(enc encoder, scratch []byte) {
	enc.AddTime("time", e.Time)
	addBytes(enc, "id", "id_cut", e.RequestID, maxID)
	enc.AddByteString("client", e.Client.AppendTo(scratch[:0]))
	addBytes(enc, "host", "host_cut", e.Host, maxHost)
	addBytes(enc, "method", "method_cut", e.Method, maxMethod)
	addBytes(enc, "path", "path_cut", e.Path, maxPath)
	enc.AddString("proto", e.Proto)

	enc.AddInt64("status", int64(e.Status))
	enc.AddInt64("bytes_in", e.BytesIn)
	enc.AddInt64("bytes_out", e.BytesOut)
	enc.AddDuration("total_ms", e.Total)
	enc.AddDuration("queue_ms", e.Queue)
	enc.AddDuration("connect_ms", e.Connect)
	enc.AddDuration("first_byte_ms", e.FirstByte)
	enc.AddDuration("upstream_ms", e.Upstream)

	addName(enc, "site", e.Site)
	addName(enc, "pool", e.Pool)
	addName(enc, "upstream", e.UpstreamAddr)
	enc.AddInt64("attempts", int64(e.Attempts))

	addName(enc, "fail_who", e.Who)
	addName(enc, "fail_phase", e.Phase)
	addName(enc, "fail_cause", e.Cause)
	addString(enc, "fail_detail", "fail_detail_cut", e.Detail, maxDetail)
	addName(enc, "degraded", e.Degraded)
	addName(enc, "cache", e.Cache)

	addName(enc, "tls", e.TLSVersion)
	addName(enc, "alpn", e.ALPN)
	addString(enc, "sni", "sni_cut", e.SNI, maxSNI)
	if len(e.UserAgent) > 0 {
		addBytes(enc, "user_agent", "user_agent_cut", e.UserAgent, maxUserAgent)
	}
	if e.Sample > 1 {
		enc.AddInt64("sample", int64(e.Sample))
	}
}

// addName adds one of our own words, unless it is empty.
func addName(enc encoder, key, val string) {
	if val != "" {
		enc.AddString(key, val)
	}
}

// addString adds val, unless it is empty: at most max bytes of it, and if that
// isn't all, its length under cutKey.
func addString(enc encoder, key, cutKey, val string, max int) {
	if len(val) <= max {
		addName(enc, key, val)
		return
	}
	enc.AddString(key, clip(val, max))
	enc.AddInt64(cutKey, int64(len(val)))
}

// addBytes adds at most max bytes of val, and if that isn't all, its length
// under cutKey.
func addBytes(enc encoder, key, cutKey string, val []byte, max int) {
	if len(val) <= max {
		enc.AddByteString(key, val)
		return
	}
	enc.AddByteString(key, clip(val, max))
	enc.AddInt64(cutKey, int64(len(val)))
}

// clip returns at most max bytes of val, which is longer, and cuts no character
// in two.
func clip[T string | []byte](val T, max int) T {
	for end := max; end > max-utf8.UTFMax; end-- {
		if utf8.RuneStart(val[end]) {
			return val[:end]
		}
	}
	return val[:max] // not UTF-8
}
