package main

import "fmt"

// The entrants of the overload works: names of set-ups.
const (
	sluiceNumber = "Sluice (number)"
	sluiceOff    = "Sluice (off)"
	nginxLimits  = "nginx (limits)"
)

// nginxDescriptors are what a worker of nginx has in the overload works, for
// clients and app server together.
const nginxDescriptors = 2*mostCallers + 1000

// bearable is how many requests at a time an admin lets through to the app
// server: all workers busy and a few requests at hand for those that end.
func bearable() int { return appServer().Workers * 5 / 4 }

// overloaded enters what an app server can be protected by, and what it is
// without protection.
func overloaded(list []proxy) []entrant {
	var all []entrant
	for _, e := range only(sluiceName)(list) {
		all = append(all,
			overloadedSluice(e.proxy, sluiceName, `"auto"`),
			overloadedSluice(e.proxy, sluiceNumber, fmt.Sprint(bearable())),
			overloadedSluice(e.proxy, sluiceOff, `"off"`))
	}
	for _, e := range only("nginx")(list) {
		all = append(all, overloadedNginx(e.proxy, nginxLimits, true), overloadedNginx(e.proxy, "nginx", false))
	}
	return all
}

// overloadedSluice is Sluice with a max_concurrency.
func overloadedSluice(p proxy, name, concurrency string) entrant {
	return entrant{name: name, proxy: p, change: func(s *setup) {
		s.Forwarded, s.Concurrency = true, concurrency
		s.MaxClients = mostCallers + 100
	}}
}

// overloadedNginx is nginx with or without limits.
func overloadedNginx(p proxy, name string, limited bool) entrant {
	return entrant{name: name, proxy: p, change: func(s *setup) {
		s.Forwarded = true
		s.MaxClients, s.Descriptors = nginxDescriptors, nginxDescriptors+100
		if limited {
			s.Limits = nginxLimitsFor(appServer())
		}
	}}
}

// siteLimits are what nginx lets through.
type siteLimits struct {
	Rate   int // requests a second
	Burst  int // more at once
	AtOnce int // under way at a time
}

// nginxLimitsFor is what a careful admin writes who has measured the capacity:
// not more a second than that, a tenth of a second's worth at once since
// nobody comes at even distances, and as many under way as keep all workers
// busy with as many waiting.
func nginxLimitsFor(s service) *siteLimits {
	return &siteLimits{Rate: int(s.capacity()), Burst: int(s.capacity() / 10), AtOnce: 2 * s.Workers}
}
