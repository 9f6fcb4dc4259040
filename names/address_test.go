package names

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"
)

func TestAddressesThatNobodyCanConnectToAreUnusable(t *testing.T) {
	for text, want := range map[string]error{
		"192.0.2.1": nil, "127.0.0.1": nil, "::1": nil, "10.0.0.1": nil, "169.254.1.1": nil,
		"2001:db8::1": nil, "fd00::1": nil, "fe80::1%eth0": nil,
		"0.0.0.0": errUnspecified, "::": errUnspecified, "0.1.2.3": errUnspecified, "::ffff:0.0.0.0": errUnspecified,
		"224.0.0.1": errMulticast, "239.255.255.255": errMulticast, "ff02::1": errMulticast,
		"240.0.0.1": errReserved, "255.255.255.255": errReserved, "::ffff:255.255.255.255": errReserved,
		"fe80::1": errLinkLocal,
	} {
		if got := unusable(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
	if got := unusable(netip.Addr{}); got != errNoAddress {
		t.Errorf("no address: got %v", got)
	}
}

func TestAddressesAreSortedAndEachThereOnce(t *testing.T) {
	got := sorted([]Address{
		address("192.0.2.2:80", 1, ""), address("192.0.2.1:81", 1, "b."), address("192.0.2.1:80", 1, "b."),
		address("192.0.2.1:80", 1, "a."), address("192.0.2.1:80", 5, "a."),
	})
	if want := "192.0.2.1:80*5@a. 192.0.2.1:81@b. 192.0.2.2:80"; text(got) != want {
		t.Errorf("got %s, want %s", text(got), want)
	}
}

// "Bound: at most 1000 addresses from one name", and always the same ones.
func TestAddressesAreBounded(t *testing.T) {
	var all []Address
	for i := range 3000 {
		all = append(all, Address{"", netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 80), 1})
	}
	want := slices.Clone(all[:maxAddresses])
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if got := sorted(all); !slices.Equal(got, want) {
		t.Errorf("%d addresses, or other ones", len(got))
	}
}

// Reducing keeps the weights' order and range, and doing it again changes
// nothing, so that a stored answer stays what it is.
func TestWeightsAreReducedOnce(t *testing.T) {
	for range 2000 {
		all := make([]Address, 1+rand.IntN(20))
		for i := range all {
			all[i].Weight = rand.IntN(1 << (1 + rand.IntN(16)))
		}
		before := slices.Clone(all)
		reduce(all)
		again := slices.Clone(all)
		reduce(again)
		if !slices.Equal(all, again) {
			t.Fatalf("%v, reduced again, is %v", all, again)
		}
		for i := range all {
			if all[i].Weight < 1 || all[i].Weight > maxWeight {
				t.Fatalf("%v is reduced to %v", before, all)
			}
			for j := range all {
				if before[i].Weight < before[j].Weight && all[i].Weight > all[j].Weight {
					t.Fatalf("%v is reduced to %v", before, all)
				}
			}
		}
	}
}

// ">= 3 answers in a row over >= 60 s".
func TestNotFoundHasToBeRepeated(t *testing.T) {
	type try struct {
		after time.Duration
		err   error
		gone  bool
	}
	const step = 50 * time.Second
	for _, tt := range []struct {
		name  string
		tries []try
	}{
		{"three times and long", []try{{0, nxdomain, false}, {step, nxdomain, false}, {step, nxdomain, true}}},
		{"often, but not long", []try{{0, nxdomain, false}, {time.Second, nxdomain, false}, {time.Second, nxdomain, false}, {time.Second, nxdomain, false}}},
		{"long, but twice", []try{{0, nxdomain, false}, {time.Hour, nxdomain, false}, {time.Second, nxdomain, true}}},
		{"a failure starts it anew", []try{{0, nxdomain, false}, {step, nxdomain, false}, {step, servfail, false}, {step, nxdomain, false}, {step, nxdomain, false}, {step, nxdomain, true}}},
		{"an answer starts it anew", []try{{0, nxdomain, false}, {step, nxdomain, false}, {step, nil, false}, {step, nxdomain, false}, {step, nxdomain, false}, {step, nxdomain, true}}},
		{"an answer brings it back", []try{{0, nxdomain, false}, {step, nxdomain, false}, {step, nxdomain, true}, {step, nil, false}}},
		{"no other failure counts", []try{{0, servfail, false}, {time.Hour, timedOut, false}, {time.Hour, servfail, false}, {time.Hour, errHollow, false}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			good := Answer{Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}
			f := &fact{known: good}
			now := time.Now()
			for i, try := range tt.tries {
				now = now.Add(try.after)
				f.learn(good, try.err, now)
				if f.gone != try.gone || f.remembers() == try.gone {
					t.Fatalf("try %d: gone %v, want %v; remembers %v", i, f.gone, try.gone, f.remembers())
				}
			}
		})
	}
}

// The budget never gives more than its burst and what time has earned.
func TestABucketGivesWhatTimeEarns(t *testing.T) {
	now := time.Now()
	b := newBucket(10, now)
	for i := range 20 {
		if wait := b.take(now); wait != 0 {
			t.Fatalf("token %d of the burst: wait %v", i, wait)
		}
	}
	wait := b.take(now)
	if wait <= 0 || wait > 101*time.Millisecond {
		t.Fatalf("wait %v for one of 10 a second", wait)
	}
	if left := b.take(now.Add(wait - 2)); left <= 0 {
		t.Fatal("given before its time")
	}
	if left := b.take(now.Add(wait)); left != 0 {
		t.Fatalf("still %v after the wait", left)
	}
	b.owe(1000)
	if left := b.take(now.Add(wait)); left > 2200*time.Millisecond {
		t.Errorf("a debt holds up for %v", left)
	}
	if got := b.take(now.Add(time.Hour)); got != 0 || b.tokens > b.burst {
		t.Errorf("after an hour %v, %v tokens", got, b.tokens)
	}
}
