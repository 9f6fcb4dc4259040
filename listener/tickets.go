package listener

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Tickets seals the sessions that TLS clients keep and come back with (RFC 5077,
// RFC 8446 section 4.6.1), for all Listeners that have it in common. Its keys can
// be handed over to another process, so that nobody has to begin anew there. It
// holds secrets; its methods may be called by many goroutines.
type Tickets struct {
	mu   sync.Mutex
	keys []ticketKey // guarded by mu; newest first, at least one

	sealing atomic.Pointer[tls.Config] // has the keys, and is used for nothing else
}

type ticketKey struct {
	made   time.Time
	secret [32]byte
}

// As crypto/tls has them for a Config that is left alone: a session is sealed by
// a key of at most a day, and can be opened for a week.
const (
	ticketKeySeals = 24 * time.Hour
	ticketKeyOpens = 7 * 24 * time.Hour
	mostTicketKeys = 8
)

// NewTickets returns Tickets with a key of their own.
func NewTickets(now time.Time) *Tickets {
	t := &Tickets{}
	t.Rotate(now)
	return t
}

// Rotate makes a new key if the newest is a day old, and forgets those of last
// week.
func (t *Tickets) Rotate(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	// A key from the future is of a clock that was wrong.
	if len(t.keys) > 0 && now.Sub(t.keys[0].made).Abs() < ticketKeySeals {
		return
	}
	key := ticketKey{made: now}
	rand.Read(key.secret[:])
	keys := slices.Insert(slices.Clone(t.keys), 0, key)
	keys = slices.DeleteFunc(keys, func(k ticketKey) bool { return now.Sub(k.made).Abs() > ticketKeyOpens })
	t.use(keys)
}

// use puts keys in force. The caller holds mu.
func (t *Tickets) use(keys []ticketKey) {
	t.keys = keys[:min(len(keys), mostTicketKeys)]
	secrets := make([][32]byte, len(t.keys))
	for i, k := range t.keys {
		secrets[i] = k.secret
	}
	sealing := &tls.Config{}
	sealing.SetSessionTicketKeys(secrets)
	t.sealing.Store(sealing)
}

// Text is the keys, to be handed over: one a line. It is secret.
func (t *Tickets) Text() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b []byte
	for _, k := range t.keys {
		b = fmt.Appendf(b, "%d %x\n", k.made.Unix(), k.secret)
	}
	return b
}

// Adopt takes over what Text returned elsewhere. The error says that it is
// damaged; nothing has changed then.
func (t *Tickets) Adopt(text []byte, now time.Time) error {
	var keys []ticketKey
	for line := range strings.Lines(string(text)) {
		made, secret, _ := strings.Cut(strings.TrimSpace(line), " ")
		seconds, err := strconv.ParseInt(made, 10, 64)
		raw, bad := hex.DecodeString(secret)
		if err != nil || bad != nil || len(raw) != 32 || len(keys) == mostTicketKeys {
			return errors.New("the keys of TLS sessions are damaged")
		}
		keys = append(keys, ticketKey{made: time.Unix(seconds, 0), secret: [32]byte(raw)})
	}
	if len(keys) == 0 {
		return errors.New("there are no keys of TLS sessions to take over")
	}
	t.mu.Lock()
	t.use(keys)
	t.mu.Unlock()
	t.Rotate(now)
	return nil
}

// serve makes c seal and open sessions by t.
func (t *Tickets) serve(c *tls.Config) {
	c.WrapSession = func(cs tls.ConnectionState, session *tls.SessionState) ([]byte, error) {
		return t.sealing.Load().EncryptTicket(cs, session)
	}
	c.UnwrapSession = func(ticket []byte, cs tls.ConnectionState) (*tls.SessionState, error) {
		return t.sealing.Load().DecryptTicket(ticket, cs)
	}
}
