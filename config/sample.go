package config

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sample is a rule that says how many of the lines that it matches are written
// to the access log.
type Sample struct {
	Keep int // one of so many; 1: all, 0: none

	// What it matches; all of these together.
	Site       string // name of a Site; empty: all
	Path       string // as of a Route; empty: all
	Status     StatusRange
	SlowerThan time.Duration // Exchanges that took longer; 0: all
}

// StatusRange are the statuses from Least to Most; the zero value: all.
type StatusRange struct{ Least, Most int }

const (
	// mostSamples bounds what each line is compared with.
	mostSamples = 64
	mostKept    = 1_000_000
)

// sample reads one [[log.sample]].
func (s section) sample(sites []Site) Sample {
	v := Sample{Keep: required(s, "keep", parseKeep)}
	if s.written("site") {
		v.Site = read(s, "site", siteNamed(sites))
	}
	if s.written("path") {
		v.Path = read(s, "path", parsePath)
	}
	if s.written("status") {
		v.Status = read(s, "status", parseStatusRange)
	}
	v.SlowerThan = read(s, "slower_than", durationBetween(0, time.Hour))
	return v
}

// parseKeep reads "all", "none" or "1/100".
func parseKeep(text string) (int, *flaw) {
	const remedy = `write "all", "none", or a share such as "1/100"`
	switch text {
	case "all":
		return 1, nil
	case "none":
		return 0, nil
	}
	of, found := strings.CutPrefix(text, "1/")
	n, err := strconv.ParseUint(of, 10, 32)
	if !found || err != nil {
		return 0, flawed(remedy, "%s is not a share", shorten(text))
	}
	if n < 1 || n > mostKept {
		return 0, flawed("write 1/1 to 1/1000000", "%s is out of range", shorten(text))
	}
	return int(n), nil
}

// parseStatusRange reads "2xx" or "404".
func parseStatusRange(text string) (StatusRange, *flaw) {
	const remedy = `write a class such as "2xx", or a status such as "404"`
	if class, found := strings.CutSuffix(text, "xx"); found && len(class) == 1 && class >= "1" && class <= "5" {
		least := int(class[0]-'0') * 100
		return StatusRange{Least: least, Most: least + 99}, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n < 100 || n > 599 {
		return StatusRange{}, flawed(remedy, "%s is not a status", shorten(text))
	}
	return StatusRange{Least: int(n), Most: int(n)}, nil
}

// siteNamed returns a parser of a host of one of the Sites, which returns what
// the access log calls that Site: its first host.
func siteNamed(sites []Site) func(string) (string, *flaw) {
	return func(text string) (string, *flaw) {
		var all []string
		for _, site := range sites {
			if slices.Contains(site.Hosts, strings.ToLower(text)) {
				return site.Hosts[0], nil
			}
			all = append(all, site.Hosts...)
		}
		remedy := didYouMean(text, all)
		if remedy == "" {
			remedy = "write a host as it stands in the hosts of a [[site]]"
		}
		return "", flawed(remedy, "%s is a host of no Site", shorten(text))
	}
}
