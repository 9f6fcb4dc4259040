package main

import (
	"slices"
	"testing"
	"time"
)

// ids are the IDs of works.
func ids(works []work) []string {
	var list []string
	for _, w := range works {
		list = append(list, w.id)
	}
	return list
}

func TestChooseWorks(t *testing.T) {
	all := allWorks()
	for _, tt := range []struct {
		only []string
		want []string
	}{
		{nil, ids(all)},
		{[]string{"P1"}, []string{"P1"}},
		{[]string{"p4", "P1"}, []string{"P1", "P4", "P4"}},
		{[]string{"Plain"}, []string{"plain"}},
	} {
		got, err := chooseWorks(all, tt.only)
		if err != nil || !slices.Equal(ids(got), tt.want) {
			t.Errorf("%v: got %v, %v; want %v", tt.only, ids(got), err, tt.want)
		}
	}
	if got, err := chooseWorks(all, []string{"P1", "P99"}); err == nil {
		t.Errorf("P99: got %v, want an error", ids(got))
	}
}

func TestEveryWorkEntersItsYardstick(t *testing.T) {
	list := []proxy{sluiceProxy("sluice"), nginxProxy("nginx"), haproxyProxy("haproxy"), caddyProxy("caddy")}
	for _, w := range allWorks() {
		var names []string
		for _, e := range w.entrants(list) {
			names = append(names, e.name, e.proxy.name) // under attack they have the attack's name, too
		}
		if !slices.Contains(names, sluiceName) {
			t.Errorf("%s enters %v, want Sluice among them", w.id, names)
		}
		for _, name := range w.against {
			if !slices.Contains(names, name) {
				t.Errorf("%s is held against %s, which does not enter", w.id, name)
			}
		}
	}
}

func TestParseOptions(t *testing.T) {
	o, err := parseOptions([]string{"-only", "P1, P4", "-rounds", "3", "-seconds", "2", "-who", "nginx", "-overload", "5"})
	if err != nil || !slices.Equal(o.only, []string{"P1", "P4"}) || !slices.Equal(o.who, []string{"nginx"}) || o.overload != 5*time.Second || o.rounds != 3 || o.seconds != 2 {
		t.Errorf("got %+v, %v", o, err)
	}
	for _, args := range [][]string{{"-rounds", "0"}, {"-seconds", "0"}, {"-seconds", "41"}, {"-overload", "0"}, {"-clients", "0"}, {"P1"}} {
		if _, err := parseOptions(args); err == nil {
			t.Errorf("%v: want an error", args)
		}
	}
}

func TestFindVersion(t *testing.T) {
	for text, want := range map[string]string{
		"nginx version: nginx/1.22.1":                       "1.22.1",
		"HAProxy version 2.6.12-1+deb12u4 2026/10/17 - ...": "2.6.12-1+deb12u4",
		"2.6.2\n": "2.6.2",
		"wrk debian/4.1.0-3+b2 [epoll] Copyright (C) 2012": "4.1.0-3+b2",
		"no number": "of unknown version",
	} {
		if got := findVersion(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
