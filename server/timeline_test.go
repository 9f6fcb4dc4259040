package server

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// "Bounded ring (200) of Event; identical in a row are folded (Times)."
func TestTheTimelineIsBounded(t *testing.T) {
	line := &timeline{}
	for i := range 3 * maxEvents {
		line.add(LevelInfo, "purged", fmt.Sprint(i), "count", fmt.Sprint(i))
	}
	all := line.last(10 * maxEvents)
	if len(all) != maxEvents || all[0].Text != fmt.Sprint(3*maxEvents-1) || all[maxEvents-1].Text != fmt.Sprint(2*maxEvents) {
		t.Errorf("%d events, %q to %q", len(all), all[0].Text, all[len(all)-1].Text)
	}
	if got := line.last(2); len(got) != 2 || got[0].Params["count"] != "599" {
		t.Errorf("the last two: %+v", got)
	}
}

func TestEventsThatSayTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := &timeline{}
		add := func(pool, why string) {
			time.Sleep(time.Second)
			line.add(LevelWarn, "upstream_out", "out", "pool", pool, "why", why)
		}
		for _, pool := range []string{"a", "b", "b", "b", "a"} {
			add(pool, "")
		}
		all := line.last(9)
		if len(all) != 3 || all[1].Times != 3 || all[0].Times != 0 || all[0].Params["pool"] != "a" {
			t.Errorf("%+v", all)
		}
		if all[0].Time.Sub(all[1].Time) != time.Second {
			t.Errorf("it came last at %v, before %v", all[1].Time, all[0].Time)
		}
		if _, there := all[0].Params["why"]; there {
			t.Error("a param without a value is there")
		}
	})
	var none *timeline
	none.add(LevelInfo, "serving", "") // and nothing happens
}

func TestLongTextIsCut(t *testing.T) {
	line := &timeline{}
	line.add(LevelError, "reload_refused", strings.Repeat("不", 10_000), "why", strings.Repeat("x", 10_000))
	e := line.last(1)[0]
	if len(e.Text) > maxEventText || len(e.Params["why"]) > maxEventText || !utf8.ValidString(e.Text) || !strings.HasSuffix(e.Text, "不...") {
		t.Errorf("%d and %d bytes", len(e.Text), len(e.Params["why"]))
	}
	for n := 3; n < 20; n++ {
		if got := cut("abcdefghij", n); n >= 10 && got != "abcdefghij" || n < 10 && got != "abcdefghij"[:n-3]+"..." {
			t.Errorf("%d: %q", n, got)
		}
	}
}

// "Bounded", and what happens seldom outlives what happens all the time: a machine
// with a thousand Upstreams goes, or one of them comes and goes.
func TestNoEventCrowdsOutOthers(t *testing.T) {
	line := &timeline{}
	line.add(LevelInfo, "serving", "Sluice serves.")
	line.add(LevelError, "reload_refused", "bad")
	for i := range 1000 {
		line.add(LevelWarn, "upstream_out", fmt.Sprint("out ", i))
		line.add(LevelInfo, "upstream_back", fmt.Sprint("back ", i))
	}
	all := line.last(10 * maxEvents)
	if len(all) != maxEvents || all[maxEvents-1].Code != "serving" || all[maxEvents-2].Code != "reload_refused" || all[0].Text != "back 999" {
		t.Errorf("%d events, the first ones %+v", len(all), all[len(all)-2:])
	}
	count := map[string]int{}
	shown := line.shown()
	for _, e := range shown {
		count[e.Code]++
	}
	if shown[0].Text != "back 999" || count["upstream_out"] != shownAlike || count["upstream_back"] != shownAlike || count["serving"] != 1 || count["reload_refused"] != 1 {
		t.Errorf("shown: %v", count)
	}
}
