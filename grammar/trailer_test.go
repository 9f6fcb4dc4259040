package grammar

import "testing"

// "A sender MUST NOT generate a trailer field unless the sender knows the
// corresponding header field name's definition permits the field to be
// sent in trailers" (RFC 9110 section 6.5.1).
func TestTrailersAreNotWhatIsNeededBeforeTheContent(t *testing.T) {
	for name, want := range map[string]bool{
		"server-timing": true, "grpc-status": true, "Grpc-Message": true, "content-digest": true, "etag": true,
		"x-checksum": true, "i": true, "if": true, "secure": true,
		"Age": false, "AUTHORIZATION": false, "content-encoding": false, "Content-Range": false, "Set-Cookie": false,
		"if-match": false, "IF-": false, "Proxy-Anything": false, "x-forwarded-user": false, "access-control-allow-origin": false,
		"Sec-WebSocket-Version": false, "x-request-id": false, "via": false,
	} {
		if got := MayTrail([]byte(name)); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}
