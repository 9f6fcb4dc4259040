package limiter

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// Passes are given to visitors who were let in, so that they stay in. A pass is
// for whoever has it: one that is passed around among many should be bounded by
// its visitor's number, see MayPass.
type Passes struct {
	keys    *Keyring
	purpose string
	life    time.Duration
	rate    *Rate // of each visitor
}

const (
	// A person makes dozens of requests a second when a page opens, and few
	// after that. What goes beyond is served as that of a stranger.
	passPerSecond = 20
	passBurst     = 200
	passKeys      = 100_000
)

// NewPasses returns the passes of a Site. A pass is good for life after the
// last time that it was renewed.
func NewPasses(site string, keys *Keyring, life time.Duration) *Passes {
	return &Passes{keys: keys, purpose: "pass " + site, life: life,
		rate: NewRate(RateOptions{PerSecond: passPerSecond, Burst: passBurst, MaxKeys: passKeys})}
}

// Life is how long a pass is good for.
func (p *Passes) Life() time.Duration { return p.life }

// New returns a pass for somebody who has none.
func (p *Passes) New(now time.Time) []byte { return p.renewed(rand.Uint64(), now) }

func (p *Passes) renewed(visitor uint64, now time.Time) []byte {
	payload := binary.BigEndian.AppendUint64(nil, visitor)
	payload = binary.BigEndian.AppendUint64(payload, uint64(now.Unix()))
	return p.keys.Seal(p.purpose, payload, now.Add(p.life))
}

// MayPass reports whether sealed is a pass, and is not used by more than one
// person could use it. When half of its life is over it returns the one to take
// its place.
func (p *Passes) MayPass(sealed []byte, now time.Time) (ok bool, next []byte) {
	if len(sealed) == 0 {
		return false, nil
	}
	payload, ok := p.keys.Open(p.purpose, sealed, now)
	if !ok || len(payload) != 16 {
		return false, nil
	}
	visitor := binary.BigEndian.Uint64(payload)
	if !p.rate.Take(visitor, now).OK {
		return false, nil
	}
	if made := time.Unix(int64(binary.BigEndian.Uint64(payload[8:])), 0); now.Sub(made) > p.life/2 {
		next = p.renewed(visitor, now)
	}
	return true, next
}

// HourlyHash is the luck of a client in this hour: "all requests of one client
// live or die together, and not always the same". The hour begins at another
// minute for each client, so that not all change places at once.
func HourlyHash(client uint64, now time.Time) uint32 {
	const hour = uint64(time.Hour)
	shifted := uint64(now.UnixNano()) + mix(client)%hour
	return uint32(mix(client^mix(shifted/hour)) >> 32)
}

// mix spreads x over all bits (the finalizer of splitmix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
