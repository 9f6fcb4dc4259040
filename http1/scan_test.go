package http1

import (
	"testing"

	"sluice/message"
)

func TestScanHeadFindsTheEmptyLine(t *testing.T) {
	for _, tt := range []struct {
		buf  string
		end  int
		want fault
	}{
		{"", 0, faultNone},
		{"GET / HTTP/1.1\r\n", 0, faultNone},
		{"GET / HTTP/1.1\r\n\r", 0, faultNone},
		{"GET / HTTP/1.1\r\n\r\n", 18, faultNone},
		{"GET / HTTP/1.1\r\nA: b\r\n\r\nbody\n\x00", 24, faultNone},
		// "a server that is expecting to receive and parse a request-line
		// SHOULD ignore at least one empty line (CRLF) received prior to the
		// request-line" (RFC 9112 section 2.2).
		{"\r\n", 0, faultNone},
		{"\r\nGET / HTTP/1.1\r\n\r\n", 20, faultNone},
		{"\r\n\r\n", 4, faultNone}, // parse refuses it
		// "a recipient MAY recognize a single LF as a line terminator" (the
		// same section); this one does not, and says so before the head ends.
		{"\n", 0, faultBareLF},
		{"GET / HTTP/1.1\n", 0, faultBareLF},
		{"GET / HTTP/1.1\r\nA: b\nC: d", 0, faultBareLF},
		{"GET / HTTP/1.1\r\nA: b\r\n\n", 0, faultBareLF},
		// A TLS hello on a plain port.
		{"\x16\x03\x01\x02\x00\x01\x00", 0, faultControl},
		{"GET /\x00 HTTP/1.1\r\n\r\n", 0, faultControl},
	} {
		end, _, bad := headEnd([]byte(tt.buf), 0)
		if end != tt.end || bad != tt.want {
			t.Errorf("%q: got %d, %v; want %d, %v", tt.buf, end, bad, tt.end, tt.want)
		}
	}
}

func TestScanHeadBlamesWhoSent(t *testing.T) {
	if _, _, f := scanHead([]byte("a\n"), 0); f.Party != message.PartyClient || f.Status() != 400 {
		t.Errorf("request: got %v", f)
	}
	if _, _, f := scanResponseHead([]byte("a\n"), 0); f.Party != message.PartyUpstream || f.Status() != 502 {
		t.Errorf("response: got %v", f)
	}
}

// scanInPieces feeds buf to scanHead in growing prefixes, cut at each of cuts.
func scanInPieces(buf []byte, cuts ...int) (end int, f *message.Failure) {
	from := 0
	for _, cut := range append(cuts, len(buf)) {
		if end, from, f = scanHead(buf[:cut], from); end > 0 || f != nil {
			return end, f
		}
	}
	return 0, nil
}

func TestScanHeadInPiecesIsScanHeadAtOnce(t *testing.T) {
	heads := [][]byte{browserHead, []byte("\r\nGET / HTTP/1.1\r\n\r\n"), []byte("\r\n\r\nGET"),
		[]byte("GET / HTTP/1.1\r\nA: b\n\r\n"), []byte("GET / HTTP/1.1\r\nA: \x00b\r\n\r\n"), []byte("\n")}
	for _, head := range heads {
		wantEnd, _, wantFailure := scanHead(head, 0)
		var each []int
		for cut := range head {
			each = append(each, cut)
			end, f := scanInPieces(head, cut)
			if end != wantEnd || f != wantFailure {
				t.Errorf("%q cut at %d: got %d, %v; want %d, %v", head, cut, end, f, wantEnd, wantFailure)
			}
		}
		if end, f := scanInPieces(head, each...); end != wantEnd || f != wantFailure {
			t.Errorf("%q byte by byte: got %d, %v; want %d, %v", head, end, f, wantEnd, wantFailure)
		}
	}
}
