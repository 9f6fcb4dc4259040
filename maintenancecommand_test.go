package main

import (
	"strings"
	"testing"
	"time"

	"sluice/server"
)

// "--until TIME or --for DURATION".
func TestWhenAMaintenanceEnds(t *testing.T) {
	china := time.FixedZone("", 8*3600)
	now := time.Date(2026, 12, 31, 20, 30, 0, 500, china)
	at := func(month time.Month, day, hour, minute, second int) time.Time {
		year := 2026
		if month == time.January {
			year++
		}
		return time.Date(year, month, day, hour, minute, second, 0, china)
	}
	for _, tt := range []struct {
		until  string
		length time.Duration
		want   time.Time // zero with wrong: an error
		wrong  bool
	}{
		{"", -1, time.Time{}, false},
		{"", 90 * time.Minute, at(time.December, 31, 22, 0, 1), false}, // never less than was asked for
		{"", time.Second, at(time.December, 31, 20, 30, 2), false},
		{"23:15", -1, at(time.December, 31, 23, 15, 0), false},
		{"20:30", -1, at(time.January, 1, 20, 30, 0), false},
		{"0:05", -1, at(time.January, 1, 0, 5, 0), false},
		{"2026-12-31T22:00:00+08:00", -1, at(time.December, 31, 22, 0, 0), false},
		{"2026-12-31T14:00:00Z", -1, at(time.December, 31, 22, 0, 0), false},
		{"24:00", -1, time.Time{}, true},
		{"tomorrow", -1, time.Time{}, true},
		{"2026-12-31", -1, time.Time{}, true},
		{"2026-12-31T22:00:00", -1, time.Time{}, true}, // whose?
		{"", 0, time.Time{}, true},
		{"", -time.Hour, time.Time{}, true},
	} {
		got, err := endOf(tt.until, tt.length, tt.length != -1, now)
		if (err != nil) != tt.wrong || !got.Equal(tt.want) {
			t.Errorf("--until %q --for %v: %v, %v, want %v", tt.until, tt.length, got, err, tt.want)
		}
	}
}

func TestMaintenanceIsShownAsATable(t *testing.T) {
	now := time.Date(2026, 12, 1, 20, 0, 0, 0, time.UTC)
	var b strings.Builder
	printMaintenance(&b, []server.MaintenanceStatus{
		{Site: "shop.example.com", Since: now.Add(-time.Hour)},
		{Site: "www.example.com", Since: now, Until: now.Add(30 * time.Minute)},
	}, now)
	const want = "SITE              SINCE                 UNTIL\n" +
		"shop.example.com  2026-12-01 19:00 UTC  it is turned off\n" +
		"www.example.com   2026-12-01 20:00 UTC  2026-12-01 20:30 UTC (in 30 minutes)\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
	b.Reset()
	if printMaintenance(&b, nil, now); b.String() != "no site is under maintenance\n" {
		t.Errorf("got %q", b.String())
	}
}
