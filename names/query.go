package names

import (
	"net"
	"strconv"
	"strings"
)

// Form says which records lead from a name to addresses.
type Form uint8

const (
	// FormHost: the A and AAAA records (RFC 1035, RFC 3596); the Query has the
	// port.
	FormHost Form = iota
	// FormSRV: the SRV records (RFC 2782), which have ports and weights, and
	// the A and AAAA records of their targets.
	FormSRV
)

// Query is a name to be followed. Host is a host name, or for FormSRV the whole
// owner name ("_http._tcp.example.com"); a trailing dot keeps search domains
// away. Upper and lower case are the same.
type Query struct {
	Form Form
	Host string
	Port uint16 // of FormHost
}

// normal returns the Query that all Queries that mean the same share.
func (q Query) normal() Query {
	q.Host = strings.ToLower(q.Host)
	if q.Form == FormSRV {
		q.Port = 0
	}
	return q
}

// String returns "app.internal:80" or "srv _http._tcp.example.com".
func (q Query) String() string {
	if q.Form == FormSRV {
		return "srv " + q.Host
	}
	return net.JoinHostPort(q.Host, strconv.Itoa(int(q.Port)))
}

// questions returns what is asked for q in any case. The targets of SRV records
// come on top.
func (q Query) questions() []Question {
	if q.Form == FormSRV {
		return []Question{{q.Host, TypeSRV}}
	}
	return hostQuestions(q.Host)
}

func hostQuestions(host string) []Question {
	return []Question{{host, TypeA}, {host, TypeAAAA}}
}

// Type is a type of DNS record.
type Type uint8

// The types that are asked for.
const (
	TypeA Type = iota
	TypeAAAA
	TypeSRV
)

// String returns the type as zone files write it.
func (t Type) String() string { return [...]string{"A", "AAAA", "SRV"}[t] }

// Question is one question to the DNS.
type Question struct {
	Name string
	Type Type
}
