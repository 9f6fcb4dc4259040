package http2

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"

	"sluice/message"
)

// nameWebSocketKey is a constant.
var nameWebSocketKey = []byte("sec-websocket-key")

// webSocketGUID is that of RFC 6455 section 1.3.
const webSocketGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// failureAccept is that of an Upstream which says that it changes to WebSocket
// but does not know it.
var failureAccept = &message.Failure{Party: message.PartyUpstream, Phase: message.PhaseWait,
	Cause: message.CauseUpgradeFailed, Err: errors.New("Sec-WebSocket-Accept in the 101 is missing or wrong")}

// offerWebSocket adds what the handshake of HTTP/1.1 needs and that of HTTP/2
// does not have (RFC 8441 section 5.1): the key that proves that the other
// side speaks WebSocket.
func (st *stream) offerWebSocket() {
	var nonce [16]byte
	rand.Read(nonce[:]) // never fails, says its package
	key := base64.StdEncoding.AppendEncode(nil, nonce[:])
	fields := st.req.Fields.Without(message.SecWebSocketKey)
	st.req.Fields = append(fields, message.Field{Name: nameWebSocketKey, Value: key, ID: message.SecWebSocketKey})
}

// acceptWebSocket checks the proof in a 101, as a client of HTTP/1.1 must (RFC
// 6455 section 4.1), and takes it out, because HTTP/2 has none.
func (st *stream) acceptWebSocket(fields message.Fields) (message.Fields, *message.Failure) {
	if string(fields.Get(message.SecWebSocketAccept)) != acceptOf(string(st.req.Fields.Get(message.SecWebSocketKey))) {
		return nil, failureAccept
	}
	return fields.Without(message.SecWebSocketAccept), nil
}

// acceptOf returns the proof that belongs to a key.
func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + webSocketGUID))
	return base64.StdEncoding.EncodeToString(sum[:])
}
