package listener

import (
	"bytes"
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"time"
)

// resumed connects and reports whether the session of before went on.
func resumed(t *testing.T, s *served, c *tls.Config) bool {
	t.Helper()
	client := tls.Client(s.dial(), c)
	defer client.Close()
	wantEcho(t, client, "hello\n")
	return client.ConnectionState().DidResume
}

// "TLS session ticket keys ... go along so that nothing is renegotiated": a
// session that one Listener has begun goes on with another, of Tickets that are
// the same or have been handed over.
func TestSessionsGoOnElsewhere(t *testing.T) {
	versions12And13(t, func(t *testing.T, version uint16) {
		now := time.Now()
		tickets, successor, stranger := NewTickets(now), NewTickets(now), NewTickets(now)
		if err := successor.Adopt(tickets.Text(), now); err != nil {
			t.Fatal(err)
		}
		first, client := tlsConfigs(t)
		client.MaxVersion = version
		client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		for _, tt := range []struct {
			name    string
			tickets *Tickets
			resumed bool
		}{
			{"the first", tickets, false},
			{"the same", tickets, true},
			{"another Listener", tickets, true},
			{"a successor", successor, true},
			{"a stranger", stranger, false},
			{"a stranger again", stranger, true},
		} {
			c := first.Clone()
			tt.tickets.serve(c)
			s := serve(t, Config{TLS: c, Challenge: func(string) *tls.Certificate { return nil }}, echoLines)
			if got := resumed(t, s, client); got != tt.resumed {
				t.Errorf("%s: resumed %v, want %v", tt.name, got, tt.resumed)
			}
		}
	})
}

// As crypto/tls documents it of its own keys: rotated daily, dropped after a week.
func TestTicketKeysRotate(t *testing.T) {
	begin := time.Unix(1_800_000_000, 0)
	tickets := NewTickets(begin)
	keys := func() []string { return strings.Split(strings.TrimSpace(string(tickets.Text())), "\n") }
	first := keys()[0]
	for hour := range 24 * 20 {
		now := begin.Add(time.Duration(hour) * time.Hour)
		before := keys()[0]
		tickets.Rotate(now)
		all := keys()
		if len(all) > mostTicketKeys {
			t.Fatalf("%d keys", len(all))
		}
		if due := hour > 0 && hour%24 == 0; (all[0] != before) != due {
			t.Errorf("after %d h: a new key %v, want %v", hour, all[0] != before, due)
		}
		if known := slices.Contains(all, first); known != (hour < 8*24) {
			t.Errorf("after %d h: the first key is known: %v", hour, known)
		}
	}
}

func TestDamagedTicketKeysAreNotTakenOver(t *testing.T) {
	now := time.Now()
	tickets := NewTickets(now)
	was := tickets.Text()
	line := string(was)
	for _, text := range []string{"", "\n", "x", "1 00", strings.Replace(line, " ", "", 1), line[:len(line)-3] + "zz\n", strings.Repeat(line, mostTicketKeys+1), "x" + line} {
		if err := tickets.Adopt([]byte(text), now); err == nil {
			t.Errorf("%.40q... was taken over", text)
		} else if strings.Contains(err.Error(), "0") {
			t.Errorf("the error may tell of a key: %v", err)
		}
	}
	if !bytes.Equal(tickets.Text(), was) {
		t.Error("what cannot be taken over has done harm")
	}
}
