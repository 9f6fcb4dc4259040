package server

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"sluice/config"
	"sluice/limiter"
	"sluice/proxy"
)

// buildLimits makes the limits of a Site. One that was among those before is the
// same, with all that it remembers of its clients.
func buildLimits(limits, before []config.Limit, there []*proxy.Limit) []*proxy.Limit {
	var built []*proxy.Limit
	for _, l := range limits {
		if same := unchangedLimit(l, before, there, built); same != nil {
			built = append(built, same)
			continue
		}
		b := &proxy.Limit{
			Name: limitName(l), Keys: limitKeys(l.Keys), Prefix: l.Path, Methods: l.Methods,
			Except: l.Except, DryRun: l.DryRun,
		}
		if l.Rate > 0 {
			b.Rate = limiter.NewRate(limiter.RateOptions{PerSecond: l.Rate, Burst: l.Burst, MaxKeys: l.MaxKeys})
		}
		if l.Concurrent > 0 {
			b.InFlight = limiter.NewInFlight(l.Concurrent)
		}
		if l.Fields {
			b.Policy = fmt.Appendf(nil, `"limit";q=%d;w=%d`, l.Burst, max(1, int(float64(l.Burst)/l.Rate)))
		}
		built = append(built, b.Prepare())
	}
	return built
}

// unchangedLimit returns the limit that says the same as l and is not taken over
// yet, nil if there is none.
func unchangedLimit(l config.Limit, before []config.Limit, there, taken []*proxy.Limit) *proxy.Limit {
	for i, was := range before {
		if reflect.DeepEqual(was, l) && !slices.Contains(taken, there[i]) {
			return there[i]
		}
	}
	return nil
}

func limitKeys(keys []config.LimitKey) []proxy.LimitKey {
	kinds := map[config.LimitKeyKind]proxy.LimitKeyKind{
		config.KeyClientIP: proxy.LimitByClient, config.KeyHost: proxy.LimitByHost, config.KeyPath: proxy.LimitByPath,
		config.KeyHeader: proxy.LimitByHeader, config.KeyCookie: proxy.LimitByCookie,
	}
	var built []proxy.LimitKey
	for _, k := range keys {
		built = append(built, proxy.LimitKey{Kind: kinds[k.Kind], Name: k.Name})
	}
	return built
}

// limitName is what logs and metrics call a limit: "client_ip 10/s on /api/".
func limitName(l config.Limit) string {
	var parts []string
	for _, k := range l.Keys {
		part := string(k.Kind)
		if k.Name != "" {
			part += ":" + k.Name
		}
		parts = append(parts, part)
	}
	name := strings.Join(parts, "+")
	if l.Rate > 0 {
		name += " " + rateText(l.Rate)
	}
	if l.Concurrent > 0 {
		name += fmt.Sprintf(" %d at once", l.Concurrent)
	}
	if len(l.Methods) > 0 {
		name += " " + strings.Join(l.Methods, ",")
	}
	if l.Path != "" {
		name += " on " + l.Path
	}
	return name
}

// rateText is a rate as a person writes it.
func rateText(perSecond float64) string {
	for _, unit := range []struct {
		name    string
		seconds float64
	}{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}} {
		if n := perSecond * unit.seconds; n >= 1 || unit.name == "d" {
			return strconv.FormatFloat(n, 'g', 6, 64) + "/" + unit.name
		}
	}
	return ""
}
