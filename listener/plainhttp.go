package listener

import (
	"io"
	"time"

	"sluice/socket"
)

const plainHTTPAnswer = "HTTP/1.1 400 Bad Request\r\n" +
	"Content-Type: text/plain\r\n" +
	"Content-Length: 24\r\n" +
	"Connection: close\r\n" +
	"\r\n" +
	"This port speaks HTTPS.\n"

// looksLikeHTTP reports whether a request line begins so.
func looksLikeHTTP(b [5]byte) bool {
	switch string(b[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "DELET", "PATCH", "CONNE", "TRACE", "PRI *":
		return true
	}
	return false
}

// answerPlainHTTP tells a client that it has come to a TLS port without TLS.
// What it still sends is read for a moment: closing on unread bytes would
// reset the connection and may destroy the answer on its way.
func answerPlainHTTP(c *socket.Conn) {
	deadline := time.Now().Add(time.Second)
	c.SetDeadline(deadline)
	if _, err := io.WriteString(c, plainHTTPAnswer); err != nil || c.CloseWrite() != nil {
		return
	}
	io.Copy(io.Discard, io.LimitReader(c, 64<<10))
}
