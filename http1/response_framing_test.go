package http1

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"sluice/message"
)

// Every method, version, status and kind of length, read back by net/http and
// held against the sentences of RFC 9112 and RFC 9110 one by one.
func TestResponseFraming(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS"} {
		for _, version := range []string{"1.0", "1.0 keep-alive", "1.1", "1.1 close"} {
			for _, status := range []int{200, 201, 204, 206, 301, 304, 404, 500, 503, 599, 999} {
				for _, length := range []int64{-1, 0, 5, 40000} {
					name := fmt.Sprintf("%s %s %d length %d", method, version, status, length)
					t.Run(name, func(t *testing.T) { checkFraming(t, method, version, status, length) })
				}
			}
		}
	}
}

func checkFraming(t *testing.T, method, version string, status int, length int64) {
	number, option, _ := strings.Cut(version, " ")
	in := method + " / HTTP/" + number + "\r\nHost: h\r\n"
	if option != "" {
		in += "Connection: " + option + "\r\n"
	}
	in += "\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
	body := lettered(int(max(length, 0)))
	if length < 0 {
		body = lettered(30000)
	}
	s := newServer(func(r *message.Request, w message.ResponseWriter) {
		if string(r.Target) == "/2" {
			reply(w, 200, "")
			return
		}
		if err := w.Start(&message.Response{Status: status, Length: length}); err != nil {
			t.Error(err)
		}
		for _, p := range segments(body, 7000) {
			if err := w.Write(p); err != nil {
				t.Error(err)
			}
		}
		if err := w.Finish(nil); err != nil {
			t.Error(err)
		}
	})
	c := play(t, s, []byte(in))
	out := c.out.String()
	head, rest, _ := strings.Cut(out, "\r\n\r\n")
	has := func(name string) bool { return strings.Contains(head, "\r\n"+name+": ") }
	noContent := method == "HEAD" || status == 204 || status == 304

	// "A server MUST NOT send a response containing Transfer-Encoding unless
	// the corresponding request indicates HTTP/1.1 (or later minor
	// revisions)" (RFC 9112 section 6.1).
	if has("Transfer-Encoding") && number == "1.0" {
		t.Error("Transfer-Encoding to a 1.0 client")
	}
	// "A server MUST NOT send a Transfer-Encoding header field in any response
	// with a status code of 1xx (Informational) or 204 (No Content)" (RFC
	// 9112 section 6.1); "MUST NOT send a Content-Length header field in any
	// response with a status code of 1xx (Informational) or 204 (No Content)"
	// (RFC 9110 section 8.6).
	if status == 204 && (has("Transfer-Encoding") || has("Content-Length")) {
		t.Error("framing with 204")
	}
	// "A sender MUST NOT send a Content-Length header field in any message
	// that contains a Transfer-Encoding header field" (RFC 9112 section 6.2).
	if has("Transfer-Encoding") && has("Content-Length") {
		t.Error("both framings")
	}
	// "A server MAY send a Content-Length header field in a response to a HEAD
	// request; a server MUST NOT send Content-Length in such a response unless
	// its field value equals the decimal number of octets that would have been
	// sent in the content of a response if the same request had used the GET
	// method" (RFC 9110 section 8.6); the same of 304.
	if has("Content-Length") && !strings.Contains(head+"\r\n", "\r\nContent-Length: "+strconv.FormatInt(length, 10)+"\r\n") {
		t.Errorf("wrong Content-Length in %q", head)
	}
	// "An origin server with a clock MUST generate a Date header field in all
	// 2xx (Successful), 3xx (Redirection), and 4xx (Client Error) responses"
	// (RFC 9110 section 6.6.1).
	if !dateLine.MatchString(head + "\r\n") {
		t.Errorf("no Date in %q", head)
	}

	r := bufio.NewReader(strings.NewReader(out))
	resp, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status {
		t.Fatalf("status %d, %v", resp.StatusCode, err)
	}
	want := body
	if noContent {
		// "Responses to the HEAD request method never include a message body";
		// "All 1xx, 204, and 304 responses do not include a message body" (RFC
		// 9112 section 6).
		want = ""
	}
	closes := option == "close" || number == "1.0" && (option != "keep-alive" || length < 0 && !noContent)
	if string(got) != want {
		t.Errorf("got a body of %d bytes, want %d", len(got), len(want))
	}
	if noContent && closes && rest != "" {
		t.Errorf("bytes after a head that ends the response: %q", rest)
	}
	// "[A server] MUST send the close connection option in a response if it
	// will close the connection".
	if (connectionOf(head) == "close") != closes {
		t.Errorf("Connection %q, want close: %v", connectionOf(head), closes)
	}
	next, err := http.ReadResponse(r, nil)
	if (err == nil) == closes {
		t.Errorf("the next answer: %v, %v; want closed: %v", next, err, closes)
	}
}

// Date of an upstream goes through as it is: only "a recipient with a clock
// that receives a response message without a Date header field MUST [...]
// append a corresponding Date header field" (RFC 9110 section 6.6.1).
func TestDateIsAddedOnlyWhereThereIsNone(t *testing.T) {
	date := "Sun, 06 Nov 1994 08:49:37 GMT"
	s := newServer(func(r *message.Request, w message.ResponseWriter) { reply(w, 200, "", field("dAtE", date)) })
	got := play(t, s, []byte("GET / HTTP/1.1\r\nHost: h\r\n\r\n")).out.String()
	if want := "HTTP/1.1 200 OK\r\ndAtE: " + date + "\r\nContent-Length: 0\r\n\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// "A server MUST NOT send a 1xx response to an HTTP/1.0 client" (RFC 9110
// section 15.2).
func TestInterimResponses(t *testing.T) {
	s := newServer(func(r *message.Request, w message.ResponseWriter) {
		for _, status := range []int{100, 103} {
			if err := w.Inform(&message.Response{Status: status, Fields: message.Fields{field("Link", "</a>")}, Length: -1}); err != nil {
				t.Error(err)
			}
		}
		reply(w, 200, "x")
		w.Inform(&message.Response{Status: 103}) // too late: dropped
	})
	final := "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
	for in, want := range map[string]string{
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n":                "HTTP/1.1 100 Continue\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + final,
		"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n": "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nx",
	} {
		if got := play(t, s, []byte(in)).text(); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// "A server that responds with a final status code instead of reading the
// entire request content SHOULD indicate whether it intends to close the
// connection or continue reading the request content" (RFC 9110 section
// 10.1.1). And a server "MUST ignore" the expectation of a 1.0 client.
func TestExpectContinue(t *testing.T) {
	const next = "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
	informed := func(r *message.Request, w message.ResponseWriter) {
		if r.Body != nil {
			w.Inform(&message.Response{Status: 100, Length: -1})
		}
		ignore(r, w)
	}
	for _, tt := range []struct {
		name   string
		handle func(*message.Request, message.ResponseWriter)
		in     [][]byte
		want   string
	}{
		{"never told to send", ignore,
			[][]byte{[]byte("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"), []byte(next)},
			"HTTP/1.1 200 OK\r\nSeen: POST /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
		{"told to send", informed,
			[][]byte{[]byte("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"), []byte("hello" + next)},
			"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nSeen: POST /\r\nContent-Length: 0\r\n\r\n" +
				"HTTP/1.1 200 OK\r\nSeen: GET /2\r\nContent-Length: 0\r\n\r\n"},
		{"1.0", ignore,
			[][]byte{[]byte("POST / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"), []byte("hello" + next)},
			"HTTP/1.1 200 OK\r\nSeen: POST /\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n" +
				"HTTP/1.1 200 OK\r\nSeen: GET /2\r\nContent-Length: 0\r\n\r\n"},
		{"a large body that nobody wants", ignore,
			[][]byte{[]byte("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\n")},
			"HTTP/1.1 200 OK\r\nSeen: POST /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
	} {
		if got := play(t, newServer(tt.handle), tt.in...).text(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Trailers go out after a chunked body and nowhere else: there is no place
// for them in another framing.
func TestTrailersToTheClient(t *testing.T) {
	s := newServer(func(r *message.Request, w message.ResponseWriter) {
		w.Start(&message.Response{Status: 200, Length: -1})
		w.Write([]byte("abc"))
		w.Finish(message.Fields{field("T", "u"), field("V", "w")})
	})
	for in, want := range map[string]string{
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: u\r\nV: w\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n":             "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc",
		"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n": "HTTP/1.1 200 OK\r\n\r\n",
	} {
		if got := play(t, s, []byte(in)).text(); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// A body goes out as it was written whatever the sizes of its pieces: below,
// at and above what the writer gathers.
func TestWritesOfEverySize(t *testing.T) {
	sizes := []int{0, 1, 2, 511, 512, 513, 4096, outSize - 9, outSize - 8, outSize - 7, outSize - 1, outSize, outSize + 1, 3*outSize + 5}
	for _, first := range sizes {
		for _, second := range sizes {
			for _, length := range []int64{-1, int64(first + second + 3)} {
				body := lettered(first + second + 3)
				s := newServer(func(r *message.Request, w message.ResponseWriter) {
					w.Start(&message.Response{Status: 200, Length: length, Fields: message.Fields{field("A", "b")}})
					w.Write([]byte(body[:first]))
					w.Write([]byte(body[first : first+second]))
					w.Flush()
					w.Write([]byte(body[first+second:]))
					w.Finish(nil)
					if w.BytesOut() != int64(len(body)) {
						t.Errorf("%d bytes out, want %d", w.BytesOut(), len(body))
					}
				})
				c := play(t, s, []byte("GET / HTTP/1.1\r\nHost: h\r\n\r\n"))
				resp, err := http.ReadResponse(bufio.NewReader(&c.out), nil)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(resp.Body); err != nil || string(got) != body {
					t.Fatalf("%d and %d bytes, length %d: got %d bytes, %v", first, second, length, len(got), err)
				}
			}
		}
	}
}

// Heads longer than what the writer gathers, at every place where the buffer
// may be full, with a client that takes all and with one that has gone.
func TestHeadsLargerThanTheBuffer(t *testing.T) {
	for n := outSize - 150; n < outSize+20; n++ {
		value := strings.Repeat("v", n)
		for _, gone := range []bool{false, true} {
			c := &scriptConn{in: [][]byte{[]byte("GET / HTTP/1.1\r\nHost: h\r\n\r\n")}, after: io.EOF, writeEnded: gone}
			s := newServer(func(r *message.Request, w message.ResponseWriter) {
				w.Inform(&message.Response{Status: 103, Fields: message.Fields{field("A", value), field("A", value)}})
				if err := reply(w, 200, "body", field("A", value)); (err != nil) != gone {
					t.Errorf("%d bytes: %v", n, err)
				}
			})
			playOn(t, s, c)
			want := "HTTP/1.1 103 Early Hints\r\nA: " + value + "\r\nA: " + value + "\r\n\r\n" +
				"HTTP/1.1 200 OK\r\nA: " + value + "\r\nContent-Length: 4\r\n\r\nbody"
			if got := c.text(); got != want && !gone {
				t.Fatalf("%d bytes: got %q", n, got)
			}
			if c.aborted != gone {
				t.Errorf("%d bytes: aborted %v, want %v", n, c.aborted, gone)
			}
		}
	}
}
