package http2

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	xhttp2 "golang.org/x/net/http2"

	"sluice/message"
)

// compareXNet holds an accepted request against golang.org/x/net/http2's
// server, which must accept it too.
//
// Where it is stricter than we are, a section is brought into its form first,
// or not compared: the scheme in upper case, a Host that differs from
// :authority in case only, a path with a stray % (it makes a url.URL of every
// path), and the extended CONNECT, which it has switched off.
//
// Where we are stricter, on purpose: methods are at most 32 bytes and never
// plain CONNECT or TRACE; a path has no bytes that http1 refuses; "*" is for
// OPTIONS only; an authority is a name of unreserved characters or an IPv6
// address, with a port up to 65535, and must be there; Host twice, a
// Content-Length twice, not of digits, or above 0 at the end of the stream, an
// empty TE, and an expectation that is not 100-continue are refused; values
// have no control characters at all and no white space around them.
func compareXNet(t *testing.T, h *head, all []sectionLine, endStream bool) {
	t.Helper()
	if _, err := url.ParseRequestURI(string(h.target)); err != nil || h.connect {
		return
	}
	theirs := xnetReads(t, encodeSection(inXNetForm(h, all)), endStream)
	if theirs == nil {
		t.Fatalf("accepted %s, but not by x/net: %q", h.meaning(), all)
	}
	if theirs.Method != string(h.method) || theirs.Host != string(h.authority) || theirs.RequestURI != string(h.target) {
		t.Fatalf("got %s, x/net %s %s %s", h.meaning(), theirs.Method, theirs.RequestURI, theirs.Host)
	}
	if theirs.ContentLength != h.length {
		t.Fatalf("got length %d, x/net %d", h.length, theirs.ContentLength)
	}
	if (theirs.Header.Get("Te") != "") != h.trailers {
		t.Fatalf("got trailers %v, x/net %q", h.trailers, theirs.Header["Te"])
	}
	theirs.Header.Del("Te")
	theirs.Header.Del("Content-Length")
	if cookie, ok := theirs.Header["Cookie"]; ok {
		theirs.Header["Cookie"] = []string{withoutEmptyCrumbs(cookie[0])}
	}
	ours := headerOf(h.fields)
	if cookie, ok := ours["Cookie"]; ok {
		ours["Cookie"] = []string{withoutEmptyCrumbs(cookie[0])}
	}
	if theirs.Header["Expect"] == nil {
		ours.Del("Expect") // it has been carried out
	}
	compareHeaders(t, ours, theirs.Header)
}

// inXNetForm writes a section as x/net wants it.
func inXNetForm(h *head, all []sectionLine) []sectionLine {
	all = slices.Clone(all)
	for i := range all {
		switch {
		case all[i].name == ":scheme":
			all[i].value = strings.ToLower(all[i].value)
		case all[i].name == "host" && strings.EqualFold(all[i].value, string(h.authority)):
			all[i].value = string(h.authority)
		}
	}
	return all
}

func withoutEmptyCrumbs(cookie string) string {
	crumbs := slices.DeleteFunc(strings.Split(cookie, "; "), func(s string) bool { return s == "" })
	return strings.Join(crumbs, "; ")
}

// xnetReads returns the request that the server of x/net makes of a section,
// nil if it refuses it in whatever way.
func xnetReads(t *testing.T, block []byte, endStream bool) *http.Request {
	t.Helper()
	client, server := net.Pipe()
	requests := make(chan *http.Request, 1)
	served := make(chan struct{})
	go func() {
		defer close(served)
		//lint:ignore SA1019 it is this server that is asked, not the older copy of it that net/http has
		new(xhttp2.Server).ServeConn(server, &xhttp2.ServeConnOpts{
			BaseConfig: &http.Server{ErrorLog: log.New(io.Discard, "", 0)},
			Handler:    http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { requests <- r }),
		})
	}()
	answered := make(chan struct{})
	framer := xhttp2.NewFramer(client, client)
	go func() {
		defer close(answered)
		awaitAnswer(framer)
	}()
	io.WriteString(client, xhttp2.ClientPreface)
	framer.WriteSettings()
	writeSection(framer, block, endStream)
	<-answered
	client.Close()
	<-served
	select {
	case r := <-requests:
		return r
	default:
		return nil
	}
}

// awaitAnswer reads until the server has answered stream 1, or ended it or the
// connection.
func awaitAnswer(framer *xhttp2.Framer) {
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		switch frame.(type) {
		case *xhttp2.HeadersFrame, *xhttp2.RSTStreamFrame, *xhttp2.GoAwayFrame:
			return
		}
	}
}

func writeSection(framer *xhttp2.Framer, block []byte, endStream bool) {
	n := min(len(block), 16<<10)
	framer.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:n], EndStream: endStream, EndHeaders: n == len(block)})
	for block = block[n:]; len(block) > 0; block = block[n:] {
		n = min(len(block), 16<<10)
		framer.WriteContinuation(1, n == len(block), block[:n])
	}
}

// compareDowngraded writes an accepted request as a head of HTTP/1.1 as
// anybody would, and has net/http read it: a request must not become another
// one, or two, on its way to an upstream.
func compareDowngraded(t *testing.T, h *head) {
	t.Helper()
	text := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\n%s", h.method, h.target, h.authority, fieldLines(h.fields))
	switch {
	case h.length > 0:
		text += fmt.Sprintf("Content-Length: %d\r\n", h.length)
	case h.length < 0:
		text += "Transfer-Encoding: chunked\r\n"
	}
	rest := bufio.NewReader(strings.NewReader(text + "\r\n"))
	theirs, err := http.ReadRequest(rest)
	if _, unparsed := url.ParseRequestURI(string(h.target)); unparsed != nil {
		return
	}
	if err != nil {
		t.Fatalf("net/http refuses %q: %v", text, err)
	}
	if theirs.Method != string(h.method) || theirs.Host != string(h.authority) || theirs.RequestURI != string(h.target) ||
		theirs.ContentLength != h.length || theirs.Close {
		t.Fatalf("%q: net/http reads %s %s %s, length %d", text, theirs.Method, theirs.RequestURI, theirs.Host, theirs.ContentLength)
	}
	if n := rest.Buffered(); n != 0 {
		t.Fatalf("%q: net/http leaves %d bytes", text, n)
	}
	theirs.Header.Del("Content-Length")
	ours := headerOf(h.fields)
	if theirs.Header.Get("Pragma") == "no-cache" && ours["Cache-Control"] == nil {
		theirs.Header.Del("Cache-Control") // which net/http adds by itself
	}
	compareHeaders(t, ours, theirs.Header)
}

// compareTrailers does so for trailers behind a chunked body.
func compareTrailers(t *testing.T, trailers message.Fields) {
	t.Helper()
	text := "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + fieldLines(trailers) + "\r\n"
	// net/http wants them whole in its buffer.
	theirs, err := http.ReadRequest(bufio.NewReaderSize(strings.NewReader(text), len(text)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(theirs.Body); err != nil {
		t.Fatalf("net/http refuses %q: %v", text, err)
	}
	compareHeaders(t, headerOf(trailers), theirs.Trailer)
}

func fieldLines(fields message.Fields) string {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
	}
	return b.String()
}

// headerOf makes of fields what net/http would.
func headerOf(fields message.Fields) http.Header {
	h := http.Header{}
	for _, f := range fields {
		h.Add(string(f.Name), string(f.Value))
	}
	return h
}

func compareHeaders(t *testing.T, ours, theirs http.Header) {
	t.Helper()
	if !maps.EqualFunc(ours, theirs, slices.Equal) {
		t.Fatalf("got %q, they %q", ours, theirs)
	}
}
