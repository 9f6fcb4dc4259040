package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sluice/limiter"
)

// heritage is what a process leaves its successor besides its sockets: what
// clients would notice the loss of. It holds secrets and is written nowhere. What
// is not here begins anew: the cache, buckets of limits, what is known of
// Upstreams' health.
type heritage struct {
	Cookies      []byte                      `json:"cookies"` // keys that sign them
	Tickets      []byte                      `json:"tickets"` // keys that seal TLS sessions
	Rooms        map[string]limiter.RoomLine `json:"rooms,omitempty"`
	Maintenances []MaintenanceStatus         `json:"maintenances,omitempty"`
	ByHand       []setByHand                 `json:"by_hand,omitempty"`
}

// bequeath returns what this process leaves. From then on it is another one's:
// nothing of it changes here, until keep.
func (s *Server) bequeath(now time.Time) ([]byte, error) {
	h := heritage{Cookies: s.keyring.Text(), Tickets: s.tickets.Text(), Rooms: make(map[string]limiter.RoomLine), Maintenances: s.maintenances.leave(now), ByHand: s.byHand.all()}
	for name, room := range s.inForce.Load().rooms {
		h.Rooms[name] = room.Leave(now)
	}
	return json.Marshal(h)
}

// keep takes back what bequeath has left: this process serves on.
func (s *Server) keep() {
	for _, room := range s.inForce.Load().rooms {
		room.Stay()
	}
	s.maintenances.stay()
}

// inherit takes over what a process before has left, before anybody is served.
// The error says what was of no use; the rest is in force.
func (s *Server) inherit(text []byte, now time.Time) error {
	var h heritage
	if err := json.Unmarshal(text, &h); err != nil {
		return fmt.Errorf("what the process before has left: %w", err)
	}
	err := errors.Join(s.keyring.Adopt(h.Cookies, now), s.tickets.Adopt(h.Tickets, now))
	g := s.inForce.Load()
	for name, line := range h.Rooms {
		if room := g.rooms[name]; room != nil {
			room.Adopt(line, now)
		}
	}
	s.byHand.adopt(h.ByHand)
	for _, m := range g.members {
		m.refresh()
	}
	s.maintenances.adopt(h.Maintenances, s.siteOf, now)
	if g.signs {
		s.keepKeyring()
	}
	return err
}
