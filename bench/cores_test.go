package main

import (
	"slices"
	"testing"
)

func TestParseCores(t *testing.T) {
	for _, tt := range []struct {
		list string
		want cores
	}{
		{"0", cores{0}},
		{"0-3\n", cores{0, 1, 2, 3}},
		{"0-1,4,6-7", cores{0, 1, 4, 6, 7}},
	} {
		if got, err := parseCores(tt.list); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %v, %v; want %v", tt.list, got, err, tt.want)
		}
	}
	for _, list := range []string{"", "x", "1-", "-1"} {
		if got, err := parseCores(list); err == nil {
			t.Errorf("%q: got %v, want an error", list, got)
		}
	}
}

func TestLayoutGivesTheProxyCoresOfItsOwn(t *testing.T) {
	for _, tt := range []struct {
		all                 cores
		proxyCores          int
		proxy, origin, load string
		shared              bool
	}{
		{cores{0, 1, 2, 3}, 1, "0", "1", "2,3", false},
		{cores{0, 1, 2, 3}, 2, "0,1", "2,3", "2,3", true},
		{cores{4, 5, 6, 7, 8}, 1, "4", "5", "6,7,8", false},
		{cores{0, 1, 2}, 1, "0", "1", "2", false},
		{cores{0, 1, 2}, 2, "0,1", "2", "2", true},
		{cores{0, 1}, 1, "0", "1", "1", true},
		{cores{0}, 1, "0", "0", "0", true},
	} {
		l := layoutFor(tt.all, tt.proxyCores)
		if l.proxy.String() != tt.proxy || l.origin.String() != tt.origin || l.load.String() != tt.load || (l.shared != "") != tt.shared {
			t.Errorf("%v, %d for the proxy: got %+v", tt.all, tt.proxyCores, l)
		}
	}
}

func TestSplitGivesTheAttackerACoreOfItsOwn(t *testing.T) {
	for _, tt := range []struct{ all, client, attacker cores }{
		{cores{2, 3}, cores{2}, cores{3}},
		{cores{2, 3, 4}, cores{2, 3}, cores{4}},
		{cores{1}, cores{1}, cores{1}},
	} {
		client, attacker := tt.all.split()
		if client.String() != tt.client.String() || attacker.String() != tt.attacker.String() {
			t.Errorf("%v: got %v and %v, want %v and %v", tt.all, client, attacker, tt.client, tt.attacker)
		}
	}
}
