package server

import (
	"cmp"
	"time"

	"sluice/config"
	"sluice/degraded"
	"sluice/limiter"
	"sluice/metrics"
	"sluice/proxy"
)

// buildRoom gives a Site its waiting room and its passes, if it has any.
func (g *generation) buildRoom(b *proxy.Site, site config.Site, keys *limiter.Keyring, now time.Time) error {
	if !site.Room.On && site.KeepAdmitted == 0 {
		return nil
	}
	g.signs = true
	b.Passes = limiter.NewPasses(b.Name, keys, cmp.Or(site.KeepAdmitted, site.Room.Stay))
	b.Keep = site.KeepAdmitted > 0
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
	for name, room := range s.gen.rooms {
		n := room.Stats()
		waiting.Value(float64(n.Waiting), name)
		entered.Value(float64(n.Entered), name)
		tickets.Value(float64(n.Tickets), name)
		refused.Value(float64(n.Refused), name)
	}
}
