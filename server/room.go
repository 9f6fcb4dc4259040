package server

import (
	"cmp"
	"reflect"
	"time"

	"sluice/config"
	"sluice/degraded"
	"sluice/limiter"
	"sluice/metrics"
	"sluice/proxy"
)

// keepsCookies reports whether a Site gives out cookies that we sign.
func keepsCookies(site config.Site) bool { return site.Room.On || site.KeepAdmitted != 0 }

// buildRoom gives a Site its waiting room and its passes, if it has any. What
// has not changed is the same, or all who wait would be newcomers.
func (g *generation) buildRoom(b *proxy.Site, site config.Site, keys *limiter.Keyring, now time.Time) error {
	if !keepsCookies(site) {
		return nil
	}
	b.Keep = site.KeepAdmitted > 0
	was := g.before.named[b.Name]
	if there := g.before.sites[b.Name]; there != nil && was.KeepAdmitted == site.KeepAdmitted && reflect.DeepEqual(was.Room, site.Room) {
		b.Passes, b.Room = there.Passes, there.Room
		if b.Room != nil {
			g.rooms[b.Name] = b.Room.Room
		}
		return nil
	}
	b.Passes = limiter.NewPasses(b.Name, keys, cmp.Or(site.KeepAdmitted, site.Room.Stay))
	if !site.Room.On {
		return nil
	}
	pages, err := degraded.NewRoomPages(degraded.RoomPagesOptions{Title: site.Room.Title})
	if err != nil {
		return err
	}
	b.Room = &proxy.Room{Pages: pages, Room: limiter.NewRoom(limiter.RoomOptions{
		Site: b.Name, PerSecond: site.Room.Rate, Burst: site.Room.Burst,
		NotBefore: site.Room.NotBefore, NotAfter: site.Room.NotAfter,
		Keys: keys, Passes: b.Passes,
	}, now)}
	g.rooms[b.Name] = b.Room.Room
	return nil
}

// reportRooms shows how long the lines are.
func (s *Server) reportRooms(p *metrics.Page) {
	const site = "site"
	waiting := p.Gauge("sluice_room_waiting", "Places in the line of the waiting room, also of visitors who have left.", site)
	entered := p.Counter("sluice_room_entered_total", "Visitors let in.", site)
	tickets := p.Counter("sluice_room_tickets_total", "Places given out.", site)
	refused := p.Counter("sluice_room_refused_tickets_total", "Tickets that were forged, expired or used before.", site)
	for name, room := range s.inForce.Load().rooms {
		n := room.Stats()
		waiting.Value(float64(n.Waiting), name)
		entered.Value(float64(n.Entered), name)
		tickets.Value(float64(n.Tickets), name)
		refused.Value(float64(n.Refused), name)
	}
}
