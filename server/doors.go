package server

import (
	"context"
	"slices"

	"sluice/config"
)

// The keys of [server] that Listeners stand under.
const (
	keyHTTP  = "http"
	keyHTTPS = "https"
	keyAdmin = "admin"
)

// doors are the ways in that a Generation has. Those that are off are nil.
type doors struct {
	plain, tls *door
	admin      *adminDoor
}

// clients returns those for clients that there are.
func (d doors) clients() (all []*door) {
	for _, one := range []*door{d.tls, d.plain} {
		if one != nil {
			all = append(all, one)
		}
	}
	return all
}

// has reports whether one of the doors is before this socket.
func (d doors) has(socket *doorSocket) bool {
	return slices.ContainsFunc(d.clients(), func(one *door) bool { return one.socket == socket })
}

// under returns the door that stands under a key.
func (d doors) under(key string) *door {
	if key == keyHTTPS {
		return d.tls
	}
	return d.plain
}

// bound returns the socket of d for an address under a key: the one that is
// there, or one that another key has given up. Of port 0 each key has its own.
func (d doors) bound(key string, a config.Address) *doorSocket {
	if one := d.under(key); one != nil && one.socket.address == a {
		return one.socket
	}
	for _, one := range d.clients() {
		if a.Port != 0 && one.socket.address == a {
			return one.socket
		}
	}
	return nil
}

// ports returns those that are listened on.
func (d doors) ports() map[uint16]bool {
	all := make(map[uint16]bool)
	for _, one := range d.clients() {
		all[one.socket.address.Port] = true
	}
	if d.admin != nil && d.admin.address.Path == "" {
		all[d.admin.address.Port] = true
	}
	return all
}

// makeDoors makes the ways in that a Config asks for, where what it has in
// common with those before stays. New addresses are bound; an error leaves none
// of them bound. Nobody comes through new doors yet.
func (s *Server) makeDoors(ctx context.Context, cfg *config.Config, before doors) (next doors, err error) {
	c := cfg.Server
	defer func() {
		if err != nil {
			next.unbind(before)
		}
	}()
	if next.tls, err = s.makeDoor(ctx, keyHTTPS, c.HTTPS, c, before); err != nil {
		return next, placed(cfg, cfg.ServerLine(keyHTTPS), err)
	}
	if next.plain, err = s.makeDoor(ctx, keyHTTP, c.HTTP, c, before); err != nil {
		return next, placed(cfg, cfg.ServerLine(keyHTTP), err)
	}
	next.admin, err = s.makeAdminDoor(ctx, c, before)
	return next, placed(cfg, cfg.ServerLine(keyAdmin), err)
}

// makeDoor makes one of them, nil if it is off.
func (s *Server) makeDoor(ctx context.Context, key string, a config.Address, c config.Server, before doors) (*door, error) {
	if !a.On {
		return nil, nil
	}
	settings := doorSettingsOf(key, c)
	socket := before.bound(key, a)
	if old := before.under(key); old != nil && old.socket == socket && old.is(key, settings) {
		return old, nil
	}
	if socket == nil {
		var err error
		if socket, err = s.bindDoor(ctx, key, a, before); err != nil {
			return nil, err
		}
	}
	return s.newDoor(key, settings, socket), nil
}

// unbind closes the sockets of d that before does not have.
func (d doors) unbind(before doors) {
	for _, one := range d.clients() {
		if !before.has(one.socket) {
			one.socket.Close()
		}
	}
	if d.admin != nil && d.admin != before.admin {
		d.admin.Close()
	}
}

// exchange opens the new ones of next and shuts those of before that it does not
// have. Connections live on. The caller holds reloading.
func (s *Server) exchange(before, next doors) {
	for _, one := range next.clients() {
		if !before.has(one.socket) {
			s.opens(one)
		}
	}
	for _, one := range before.clients() {
		if next.under(one.key) == one {
			continue
		}
		one.shut()
		if !next.has(one.socket) {
			one.socket.Close()
		}
		s.bygone.addDoor(one)
	}
	for _, one := range next.clients() {
		if before.has(one.socket) && before.under(one.key) != one {
			s.opens(one)
		}
	}
	if next.admin != before.admin {
		s.opensAdmin(next.admin)
		before.admin.shut()
	}
}
