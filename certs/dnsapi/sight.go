package dnsapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// sightShown is how many servers an error tells of.
const sightShown = 8

// sight is what was seen at one look for a record.
type sight struct {
	servers   []view
	resolvers []view // only when none of the servers was of use
	err       error  // why the name servers are not known
}

// view is what one server says about a record.
type view struct {
	server string
	state  viewState
	says   string // unless it shows the record
}

type viewState int

const (
	useless viewState = iota // unreachable, or no server of the zone
	lacking                  // it knows of no such record
	showing
)

// look asks all servers for the record, all at a time.
func (f *Finder) look(ctx context.Context, r Record, servers []nameServer) sight {
	s := sight{servers: make([]view, len(servers))}
	var wg sync.WaitGroup
	for i, server := range servers {
		wg.Go(func() { s.servers[i] = f.view(ctx, server, r, false) })
	}
	wg.Wait()
	if s.direct() {
		return s
	}
	resolvers := f.resolvers()
	s.resolvers = make([]view, len(resolvers))
	for i, address := range resolvers {
		resolver := nameServer{name: "resolver", address: address}
		wg.Go(func() { s.resolvers[i] = f.view(ctx, resolver, r, true) })
	}
	wg.Wait()
	return s
}

// view asks one server for the record.
func (f *Finder) view(ctx context.Context, server nameServer, r Record, recurse bool) view {
	v := view{server: server.String()}
	if server.err != nil {
		v.says = server.err.Error()
		return v
	}
	var answer *dns.Msg
	err := errors.New("not asked")
	for try := 0; err != nil && try < finderTries && ctx.Err() == nil; try++ {
		answer, err = f.ask(ctx, server.address, r.Name, dns.TypeTXT, recurse)
	}
	if err != nil {
		v.says = err.Error()
		return v
	}
	v.state, v.says = viewIn(answer, r, recurse)
	return v
}

// viewIn reads what answer says about the record. A server that is no authority
// for the zone, though it is listed, says so by a code or by the bit missing.
func viewIn(answer *dns.Msg, r Record, recurse bool) (viewState, string) {
	texts := 0
	for _, rr := range answer.Answer {
		t, ok := rr.(*dns.TXT)
		if !ok || dnsName(t.Hdr.Name) != r.Name {
			continue
		}
		if strings.Join(t.Txt, "") == dnsText(r.Value) {
			return showing, ""
		}
		texts++
	}
	switch {
	case finderFailed(answer):
		return useless, dnsRcode(answer.Rcode)
	case !recurse && !answer.Authoritative:
		return useless, "does not serve the zone"
	case texts > 0:
		return lacking, fmt.Sprintf("has %d other TXT records of the name", texts)
	}
	return lacking, "has no TXT record of the name"
}

// direct reports whether a name server was of use.
func (s sight) direct() bool {
	return slices.ContainsFunc(s.servers, func(v view) bool { return v.state != useless })
}

// shown reports whether the record counts as seen everywhere.
func (s sight) shown() bool {
	if s.direct() {
		return !slices.ContainsFunc(s.servers, view.lacks)
	}
	return slices.ContainsFunc(s.resolvers, func(v view) bool { return v.state == showing })
}

// String says who does not show the record, in one line.
func (s sight) String() string {
	if s.direct() {
		return viewsTold(s.servers, view.lacks)
	}
	all := func(view) bool { return true }
	var parts []string
	if s.err != nil {
		parts = append(parts, s.err.Error())
	}
	if text := viewsTold(s.servers, all); text != "" {
		parts = append(parts, "no name server can be asked: "+text)
	}
	if text := viewsTold(s.resolvers, all); text != "" {
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

func (v view) lacks() bool { return v.state == lacking }

// viewsTold is what those views say that are wanted.
func viewsTold(views []view, wanted func(view) bool) string {
	var parts []string
	more := 0
	for _, v := range views {
		switch {
		case !wanted(v):
		case len(parts) == sightShown:
			more++
		default:
			parts = append(parts, v.server+": "+v.says)
		}
	}
	text := strings.Join(parts, ", ")
	if more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
