package config

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestLogs(t *testing.T) {
	c := parse(t, `
[log]
access = "off"
error = "logs/error.log"
error_format = "json"
[[log.sample]]
keep = "all"
slower_than = "2s"
[[log.sample]]
keep = "none"
site = "WWW.example.com"
path = "/healthz"
status = "204"
[[log.sample]]
keep = "1/100"
status = "2xx"
[[site]]
hosts = ["shop.example.com", "www.example.com"]
tls = "off"
upstream = "127.0.0.1:8080"
`)
	want := Log{
		Access: LogPlace{To: LogOff},
		Error:  LogPlace{To: LogFile, File: filepath.Join(filepath.Dir(c.File), "logs/error.log")},
		Format: ErrorJSON,
		Sample: []Sample{
			{Keep: 1, SlowerThan: 2 * time.Second},
			{Keep: 0, Site: "shop.example.com", Path: "/healthz", Status: StatusRange{204, 204}},
			{Keep: 100, Status: StatusRange{200, 299}},
		},
	}
	if !reflect.DeepEqual(c.Log, want) {
		t.Errorf("got  %+v\nwant %+v", c.Log, want)
	}
}

// Each line is compared with all rules, so they are bounded.
func TestTooManyRulesAreRefused(t *testing.T) {
	text := strings.Repeat("[[log.sample]]\nkeep = \"1/2\"\n", mostSamples+1) + essentials
	_, err := Parse("sluice.toml", []byte(text))
	if want := "sluice.toml:1: log.sample: there are 65 rules, and at most 64 are possible; keep the rules that matter"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestShares(t *testing.T) {
	for text, want := range map[string]int{
		"all": 1, "none": 0, "1/1": 1, "1/2": 2, "1/1000000": 1_000_000, // -1: refused
		"": -1, "0": -1, "1": -1, "100": -1, "1/0": -1, "1/1000001": -1, "1/-2": -1, "1/+2": -1, "2/3": -1, "1/ 2": -1, "0.01": -1, "1/99999999999": -1,
	} {
		got, bad := parseKeep(text)
		if bad != nil {
			got = -1
		}
		if got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

func TestStatusRanges(t *testing.T) {
	for text, want := range map[string]StatusRange{
		"1xx": {100, 199}, "2xx": {200, 299}, "5xx": {500, 599}, "100": {100, 100}, "404": {404, 404}, "599": {599, 599}, // zero: refused
		"": {}, "xx": {}, "0xx": {}, "6xx": {}, "2XX": {}, "22xx": {}, "99": {}, "600": {}, "-404": {}, "+404": {}, "4x4": {},
	} {
		if got, bad := parseStatusRange(text); got != want || (bad != nil) != (want == StatusRange{}) {
			t.Errorf("%q: got %v, %v; want %v", text, got, bad, want)
		}
	}
}
