package limiter

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Keyring signs what is given to clients and comes back, such as who was let
// in, and recognizes it by keys that it has now and had lately. It holds
// secrets; its methods may be called from several goroutines.
type Keyring struct {
	mu   sync.Mutex                   // held by Rotate
	keys atomic.Pointer[[]keyringKey] // newest first, at least one; never changed in place
}

type keyringKey struct {
	made   time.Time
	secret [32]byte
}

const (
	// keyringLife is how long a key signs; after that it recognizes what it
	// has signed, for as long as that can live.
	keyringLife = 24 * time.Hour
	keyringMost = 9 // keys: a week's, and some to spare

	keyringMAC    = 16 // bytes of a signature
	keyringHeader = 8  // bytes of the expiry
	// keyringSealed bounds what is looked at, before any work is done.
	keyringSealed = 256
)

// NewKeyring reads what Text returned; of nothing it makes a new one.
func NewKeyring(text []byte, now time.Time) (*Keyring, error) {
	k := &Keyring{}
	keys, err := parseKeys(text)
	if err != nil {
		return nil, err
	}
	k.keys.Store(&keys)
	k.Rotate(now)
	return k, nil
}

func parseKeys(text []byte) ([]keyringKey, error) {
	var keys []keyringKey
	for line := range bytes.Lines(text) {
		made, secret, ok := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		seconds, err := strconv.ParseInt(string(made), 10, 64)
		key := keyringKey{made: time.Unix(seconds, 0)}
		if n, bad := hex.Decode(key.secret[:], secret[:min(len(secret), 64)]); !ok || err != nil || bad != nil || n != len(key.secret) || len(secret) != 64 {
			return nil, errors.New("the keys that sign cookies are damaged")
		}
		if len(keys) == keyringMost {
			break
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// Text is the Keyring to be kept: one key a line. It is secret.
func (k *Keyring) Text() []byte {
	var b []byte
	for _, key := range *k.keys.Load() {
		b = fmt.Appendf(b, "%d %x\n", key.made.Unix(), key.secret)
	}
	return b
}

// Adopt takes over what Text returned elsewhere, and is as that Keyring is then.
// The error says that it is damaged; nothing has changed then.
func (k *Keyring) Adopt(text []byte, now time.Time) error {
	keys, err := parseKeys(text)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return errors.New("there are no keys to take over")
	}
	k.mu.Lock()
	k.keys.Store(&keys)
	k.mu.Unlock()
	k.Rotate(now)
	return nil
}

// Rotate makes a new key if the newest is a day old, or there is none, and
// reports whether the Keyring has to be kept anew.
func (k *Keyring) Rotate(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	keys := *k.keys.Load()
	// A key from the future is of a clock that was wrong.
	if len(keys) > 0 && now.Sub(keys[0].made) < keyringLife && keys[0].made.Sub(now) < keyringLife {
		return false
	}
	key := keyringKey{made: now}
	rand.Read(key.secret[:])
	next := slices.Insert(slices.Clone(keys), 0, key)
	next = next[:min(len(next), keyringMost)]
	k.keys.Store(&next)
	return true
}

// Seal returns payload, signed for a purpose until it expires, in characters
// that may stand in a cookie. Everybody can read it; nobody can change it, or
// use it for another purpose.
func (k *Keyring) Seal(purpose string, payload []byte, expires time.Time) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, keyringHeader+len(payload)+keyringMAC), uint64(expires.Unix()))
	b = append(b, payload...)
	b = append(b, (*k.keys.Load())[0].sign(purpose, b)...)
	return base64.RawURLEncoding.AppendEncode(nil, b)
}

// Open returns what Seal was given for the purpose, if it has not expired. What
// a stranger sends is not, as far as anybody can tell from the time it takes.
func (k *Keyring) Open(purpose string, sealed []byte, now time.Time) (payload []byte, ok bool) {
	if len(sealed) > keyringSealed {
		return nil, false
	}
	b, err := base64.RawURLEncoding.AppendDecode(make([]byte, 0, keyringSealed), sealed)
	if err != nil || len(b) < keyringHeader+keyringMAC {
		return nil, false
	}
	body, mac := b[:len(b)-keyringMAC], b[len(b)-keyringMAC:]
	for _, key := range *k.keys.Load() {
		if hmac.Equal(mac, key.sign(purpose, body)) {
			expires := time.Unix(int64(binary.BigEndian.Uint64(body)), 0)
			return body[keyringHeader:], now.Before(expires)
		}
	}
	return nil, false
}

// sign is the signature of body for a purpose.
func (k *keyringKey) sign(purpose string, body []byte) []byte {
	h := hmac.New(sha256.New, k.secret[:])
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(purpose)))
	h.Write(length[:])
	h.Write([]byte(purpose))
	h.Write(body)
	return h.Sum(nil)[:keyringMAC]
}
