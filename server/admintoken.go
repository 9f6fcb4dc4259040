package server

import (
	"errors"
	"net/netip"

	"sluice/admin"
	"sluice/config"
)

// errWrongToken is why somebody is not let in.
var errWrongToken = errors.New("not the token of server.admin_token")

// adminToken returns what who asks the admin server has to bring. If it cannot be
// read that is a token that nobody has, and why.
func adminToken(c config.Server) (admin.Token, error) {
	if !c.AdminToken.On() {
		return admin.Token{}, nil
	}
	text, err := c.ReadAdminToken()
	if err != nil {
		return admin.NewToken(""), err
	}
	return admin.NewToken(text), nil
}

// tokenAt returns what who asks at a door has to bring now. At one that a Reload
// has given up nobody is let in: the token that was wanted there may be gone, and
// the socket is still open for a moment.
func (s *Server) tokenAt(d *adminDoor) admin.Token {
	g := s.inForce.Load()
	if g.doors.admin != d {
		return admin.NewToken("")
	}
	return g.token
}

// checkAdmin tells what is not as it should be with the access to the admin
// server. That is no error: requests go on.
func (s *Server) checkAdmin(g *generation) {
	c := g.cfg.Server
	if g.tokenMissing != nil && c.Admin.On {
		s.errlog.Warn("the token of the admin server is missing; nobody is let in", "why", g.tokenMissing)
	}
	if c.Admin.Open() {
		s.errlog.Warn("other machines reach the admin server, and neither its token nor what it shows is encrypted on the way",
			"admin", c.Admin, "remedy", "let a packet filter admit only those that need it, or use 127.0.0.1 or a Unix socket and ssh -L")
	}
}

// wrongToken tells of who was not let in.
func (s *Server) wrongToken(from netip.Addr) {
	s.noise.connection(netip.AddrPortFrom(from, 0), "admin", "wrong_token", errWrongToken)
}

// tokenChange says that the token is another one, where the configuration is not.
func tokenChange(was, next *generation) (changes []string) {
	if was.token != next.token && was.cfg.Server.AdminToken == next.cfg.Server.AdminToken {
		changes = append(changes, "server.admin_token: another one is in force")
	}
	return changes
}
