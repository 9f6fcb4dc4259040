package server

import "time"

// Status is how a running Sluice is: what the page and "sluice status" show and
// the admin server gives as JSON under /status. It holds no secrets, and of
// requests neither query nor body.
//
// Texts are English. Where a thing has a Code, that and its Params say the same,
// for those who show it in another language.
type Status struct {
	Time    time.Time `json:"time"` // when it was taken
	Version string    `json:"version"`
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	State   string    `json:"state"` // "serving", "draining"

	Config Configured `json:"config"`
	// Problems are what a person should look at now, the worst first; none: all
	// is well.
	Problems []Problem `json:"problems"`

	Listeners    []ListenerStatus    `json:"listeners"`
	Now          Rates               `json:"now"`
	Series       Series              `json:"series"`
	Sites        []SiteStatus        `json:"sites"`
	Pools        []PoolStatus        `json:"pools"`
	Certificates []CertificateStatus `json:"certificates"`
	Limits       []LimitStatus       `json:"limits"`
	Rooms        []RoomStatus        `json:"rooms"`
	Cache        *CacheStatus        `json:"cache"` // null: the cache is off
	AccessLog    *LogStatus          `json:"access_log"`
	Memory       MemoryStatus        `json:"memory"`

	Failures []FailureStatus `json:"failures"` // the last ones, newest first; stories of all that are remembered: /failures
	Events   []Event         `json:"events"`   // the last ones, newest first; all that are remembered: /events
}

// Configured says what configuration is in force.
type Configured struct {
	File    string    `json:"file"`
	Loaded  time.Time `json:"loaded"`            // when it was put in force
	Reloads uint64    `json:"reloads"`           // that have succeeded
	Failed  string    `json:"failed,omitempty"`  // why the last Reload was refused, if it was
	Restart []string  `json:"restart,omitempty"` // keys that wait for a restart
}

// Levels of a Problem and of an Event.
const (
	LevelInfo  = "info"
	LevelWarn  = "warn"
	LevelError = "error"
)

// Problem is something that a person should look at now.
type Problem struct {
	Level  string            `json:"level"` // "warn", "error"
	Code   string            `json:"code"`
	Params map[string]string `json:"params,omitempty"`
	Text   string            `json:"text"`         // one sentence
	Remedy string            `json:"do,omitempty"` // what to do about it
}

// Event is something that has happened to Sluice, not to one request.
type Event struct {
	Time   time.Time         `json:"time"`
	Level  string            `json:"level"`
	Code   string            `json:"code"`
	Params map[string]string `json:"params,omitempty"`
	Text   string            `json:"text"`
	Times  int               `json:"times,omitempty"` // how often it came in a row, if more than once
}

// ListenerStatus is one of our Listeners.
type ListenerStatus struct {
	Key      string `json:"key"` // of [server]: "http", "https", "admin"
	Address  string `json:"address"`
	Open     int    `json:"open"`
	Idle     int    `json:"idle"`
	Accepted uint64 `json:"accepted"`
	Refused  uint64 `json:"refused"` // beyond a cap
	Failed   uint64 `json:"failed"`  // TLS handshakes and PROXY headers
}

// Rates are means of the last ten seconds, but for what is said to be of this
// moment.
type Rates struct {
	Requests float64 `json:"requests"` // a second
	Errors   float64 `json:"errors"`   // answers with 5xx, a second
	Refused  float64 `json:"refused"`  // by limits and for load, a second
	BytesIn  float64 `json:"bytes_in"` // a second
	BytesOut float64 `json:"bytes_out"`
	P50      float64 `json:"p50_ms"` // milliseconds
	P90      float64 `json:"p90_ms"`
	P99      float64 `json:"p99_ms"`
	InFlight int     `json:"in_flight"` // Exchanges with a Pool, at this moment
	Queued   int     `json:"queued"`    // at this moment
	HitRate  float64 `json:"hit_rate"`  // of what the cache was asked for, 0 to 1; -1: it was not asked
}

// Series are the last seconds, the oldest first: element i of each list is of the
// second that ends at End - (len-1-i). The last one is a whole second.
type Series struct {
	End      int64     `json:"end"` // seconds since 1970
	Requests []uint32  `json:"requests"`
	Status2  []uint32  `json:"status_2xx"` // 1xx and 2xx
	Status3  []uint32  `json:"status_3xx"`
	Status4  []uint32  `json:"status_4xx"`
	Status5  []uint32  `json:"status_5xx"`
	Limited  []uint32  `json:"limited"` // refused by a Limit
	Shed     []uint32  `json:"shed"`    // refused for load
	Stale    []uint32  `json:"stale"`   // answered with the last good copy or another Degraded answer
	P50      []float32 `json:"p50_ms"`
	P90      []float32 `json:"p90_ms"`
	P99      []float32 `json:"p99_ms"`
	InFlight []uint32  `json:"in_flight"` // at the end of the second
	Queued   []uint32  `json:"queued"`    // likewise
	BytesOut []uint64  `json:"bytes_out"`
	Hits     []uint32  `json:"cache_hits"`
	Misses   []uint32  `json:"cache_misses"`
}

// SiteStatus is one Site. Its numbers begin with the process.
type SiteStatus struct {
	Name        string             `json:"name"`
	Hosts       []string           `json:"hosts"`
	TLS         bool               `json:"tls"`
	Maintenance *MaintenanceStatus `json:"maintenance,omitempty"`
	Requests    uint64             `json:"requests"`
	Errors      uint64             `json:"errors"` // answers with 5xx
}

// PoolStatus is one Pool.
type PoolStatus struct {
	Name      string           `json:"name"`
	Available int              `json:"available"` // Upstreams that get requests
	FailsOpen bool             `json:"fails_open,omitempty"`
	Missing   string           `json:"missing,omitempty"` // why there are no Upstreams
	Limit     int              `json:"limit"`             // Exchanges at a time; 0: any number
	InFlight  int              `json:"in_flight"`
	Queued    int              `json:"queued"`
	Shedding  bool             `json:"shedding,omitempty"` // requests have been refused for load within ten seconds
	Upstreams []UpstreamStatus `json:"upstreams"`
}

// UpstreamStatus is one Upstream of a Pool.
type UpstreamStatus struct {
	Address  string    `json:"address"`
	Name     string    `json:"name,omitempty"` // the DNS name that led there
	State    string    `json:"state"`          // "in", "out", "trial", "new"
	Draining bool      `json:"draining,omitempty"`
	Since    time.Time `json:"since,omitzero"`
	Until    time.Time `json:"until,omitzero"` // when it is tried again, if it is out
	Why      string    `json:"why,omitempty"`  // what took it out last
	Weight   int       `json:"weight"`         // in force
	Share    float64   `json:"share"`          // of its weight, less than 1 while it starts slowly
	Set      bool      `json:"set,omitempty"`  // the weight or the draining was set by hand, not by the config
	InFlight int       `json:"in_flight"`
	Requests uint64    `json:"requests"` // Attempts
	Failures uint64    `json:"failures"`
}

// LimitStatus is one Limit of a Site.
type LimitStatus struct {
	Site    string          `json:"site"`
	Name    string          `json:"name"`
	Refused uint64          `json:"refused"`
	Would   uint64          `json:"would_refuse"` // of a Limit that is only tried out
	Keys    int             `json:"keys"`         // clients that are remembered
	Top     []LimitedClient `json:"top"`          // refused most often lately, most first

	shared bool // its key tells no clients apart
}

// LimitedClient is a client that a Limit has refused. Keys that are made of
// fields or cookies may be secrets: of them only a number is shown that stands
// for them until the next restart.
type LimitedClient struct {
	Client  string    `json:"client"`  // an address, or the prefix that counts as one
	Refused uint64    `json:"refused"` // lately, at least
	Last    time.Time `json:"last"`
}

// RoomStatus is the waiting room of a Site.
type RoomStatus struct {
	Site    string `json:"site"`
	Waiting uint64 `json:"waiting"`
	Entered uint64 `json:"entered"`
}

// CacheStatus is the cache.
type CacheStatus struct {
	Copies   int    `json:"copies"`
	Bytes    uint64 `json:"bytes"`
	Capacity uint64 `json:"capacity"` // bytes
	Hits     uint64 `json:"hits"`
	Misses   uint64 `json:"misses"`
	Stale    uint64 `json:"stale"` // answers by the last good copy
}

// LogStatus is the access log.
type LogStatus struct {
	To      string `json:"to"`
	Written uint64 `json:"written"` // lines
	Dropped uint64 `json:"dropped"`
	Failure string `json:"failure,omitempty"`
	Renamed bool   `json:"renamed,omitempty"` // the Failure is that it was not reopened: lines go to the renamed or deleted file
}

// MemoryStatus is what the process uses.
type MemoryStatus struct {
	Heap        uint64 `json:"heap"`  // bytes
	Limit       int64  `json:"limit"` // bytes; 0: none
	Goroutines  int    `json:"goroutines"`
	Descriptors int    `json:"descriptors"` // open; -1: not known
}

// FailureStatus is an Exchange that failed, or was answered by a Degraded answer.
type FailureStatus struct {
	Time      time.Time   `json:"time"` // when it began
	ID        string      `json:"id"`   // Request-Id
	Client    string      `json:"client"`
	Host      string      `json:"host"`
	Method    string      `json:"method"`
	Path      string      `json:"path"` // without the query
	Status    int         `json:"status"`
	Total     float64     `json:"total_ms"`
	Queue     float64     `json:"queue_ms"`
	Site      string      `json:"site,omitempty"`
	Pool      string      `json:"pool,omitempty"`
	Who       string      `json:"who,omitempty"` // client, upstream, sluice
	Phase     string      `json:"phase,omitempty"`
	Cause     string      `json:"cause,omitempty"`
	Detail    string      `json:"detail,omitempty"`
	Degraded  string      `json:"degraded,omitempty"`
	Age       float64     `json:"copy_age_s,omitempty"` // of the last good copy, if that was the answer; seconds
	Cache     string      `json:"cache,omitempty"`
	Tries     []TryStatus `json:"tries"` // its Attempts, in their order
	Sentences []string    `json:"story"` // what happened, in sentences
	Remedy    string      `json:"do,omitempty"`
}

// TryStatus is one Attempt of a failed Exchange.
type TryStatus struct {
	Upstream string  `json:"upstream"`
	Took     float64 `json:"took_ms"`
	Reused   bool    `json:"reused,omitempty"` // on a connection that had served before
	Phase    string  `json:"phase,omitempty"`  // where it failed; empty: it did not
	Cause    string  `json:"cause,omitempty"`
	Detail   string  `json:"detail,omitempty"`
	Status   int     `json:"status,omitempty"` // that the Upstream gave, if it was not taken
}
