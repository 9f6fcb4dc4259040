package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"sluice/certs/acmetest"
	"sluice/certs/certstest"
)

const (
	tellsUnstored = "certificates cannot be stored; they are served from memory"
	tellsStored   = "certificates are stored again"
)

// newOrderingOn is newOrdering with a small disk as its state directory.
func newOrderingOn(t *testing.T, ca *acmetest.CA) (*ordering, *smallDisk) {
	t.Helper()
	d := newSmallDisk(t)
	o := newOrdering(t, ca)
	o.state, o.within = d.path, d.within
	return o, d
}

// wantAlarm wants the certificate to be served, and everybody to be told that
// it is in memory only.
func (o *ordering) wantAlarm(s *sluice, why string) {
	o.t.Helper()
	o.obtained(s, shop)
	o.wantAnswer(s, shop)
	eventually(o.t, patience, "the log has the alarm", func() bool { return s.stderr.has(tellsUnstored) })
	for _, part := range []string{"level=ERROR", why, "free space or repair the disk of server.state_dir"} {
		if !s.stderr.has(part) {
			o.t.Errorf("the log has no %q", part)
		}
	}
	if got := o.metric("sluice_certificates_unstored"); got != "1" {
		o.t.Errorf("sluice_certificates_unstored is %s, want 1", got)
	}
	if r := o.certs(); !strings.Contains(r.stdout, "in memory only since") || !strings.Contains(r.stdout, why) {
		o.t.Errorf("sluice certs:\n%s", r.stdout)
	}
}

// wantStored wants what is in memory only to be on the disk, and to be served
// from there by the next life.
func (o *ordering) wantStored(s *sluice) {
	o.t.Helper()
	eventually(o.t, obtaining, "it is stored", func() bool { return s.stderr.has(tellsStored) })
	if got := o.metric("sluice_certificates_unstored"); got != "0" {
		o.t.Errorf("sluice_certificates_unstored is %s, want 0", got)
	}
	if r := o.certs(); strings.Contains(r.stdout, "in memory only") {
		o.t.Errorf("sluice certs:\n%s", r.stdout)
	}
	o.wantServedAgain(s, o.serial(shop).Text(16))
	o.wantIssued(shop, 1, 1)
}

// "disk full during storage": "a full or unwritable disk is an alarm and keeps
// serving", "never loses a new certificate (memory, then disk)".
//
// The disk is tried again each minute, and whenever the CA has answered
// something. The CA is asked when a certificate should be renewed as soon as
// there is one; its answer is held until there is room, or the test would have
// to wait for the minute.
func TestACMEOnADiskThatIsFull(t *testing.T) {
	t.Parallel()
	t.Run("during the order", func(t *testing.T) {
		t.Parallel()
		ca := acmetest.Start(t, acmetest.Options{})
		o, disk := newOrderingOn(t, ca)
		release, held := ca.Hold(acmetest.PathFinalize)
		answer, asked := ca.Hold(acmetest.PathRenewalInfo)
		s := o.run()
		reached(t, held)
		disk.fill()
		release()
		o.wantAlarm(s, "no space left on device")
		reached(t, asked)
		disk.free()
		answer()
		o.wantStored(s)
	})
	for _, tt := range []struct {
		name        string
		spoil, mend func(*smallDisk)
		why         string
	}{
		{"before the start", (*smallDisk).fill, (*smallDisk).free, "no space left on device"},
		{"read-only before the start", (*smallDisk).freeze, (*smallDisk).thaw, "read-only file system"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ca := acmetest.Start(t, acmetest.Options{})
			o, disk := newOrderingOn(t, ca)
			answer, asked := ca.Hold(acmetest.PathRenewalInfo)
			tt.spoil(disk)
			s := o.run()
			o.wantAlarm(s, tt.why)
			reached(t, asked)
			tt.mend(disk)
			answer()
			o.wantStored(s)
		})
	}
}

// "what cannot be kept is not ordered while there is another way": the CA
// counts what it has issued, and the certificate in use is good for weeks.
func TestACMERenewalOnADiskThatIsFull(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	o, disk := newOrderingOn(t, ca)
	s := o.run()
	serial := o.obtained(s, shop).PeerCertificates[0].SerialNumber
	eventually(t, patience, "the record of the order is stored", func() bool { return !o.status(shop).Ordering })
	disk.fill()
	o.renew(shop)
	eventually(t, patience, "the alarm", func() bool { return o.metric("sluice_certificates_unstored") == "1" })
	if o.serial(shop).Cmp(serial) != 0 {
		t.Error("another certificate is served")
	}
	o.wantIssued(shop, 1, 1)
	disk.free()
	o.wantServedAgain(s, serial.Text(16))
}

// "No order is lost, none is duplicated", also when both happen: the disk is
// full, and then the process is killed. By dns-01 the order leads to the
// certificate again, so the disk must not lose it before it has that.
func TestACMEKilledOnADiskThatIsFull(t *testing.T) {
	t.Parallel()
	// A chain that does not fit into what removing a small file makes free.
	ca := acmetest.Start(t, acmetest.Options{ChainLength: 10})
	o, disk := newOrderingOn(t, ca)
	o.byDNSWithEnvironment()
	release, held := ca.Hold(acmetest.PathFinalize)
	s := o.run()
	reached(t, held)
	disk.fill()
	release()
	o.wantAlarm(s, "no space left on device")
	s.kill()
	disk.free()
	o.run()
	eventually(t, obtaining, "a certificate is served", func() bool {
		_, err := o.shake(shop)
		return err == nil
	})
	o.wantIssued(shop, 1, 1)
}

// "What is damaged there is left out, and ordered again": a file that was cut
// off by a crash of the machine is no reason not to start.
func TestACMEWithADamagedFile(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	o := newOrdering(t, ca)
	s := o.run()
	serial := o.obtained(s, shop).PeerCertificates[0].SerialNumber
	s.stop()
	for _, damage := range []string{"", "-----BEGIN CERTIFICATE-----\nMIIB"} {
		certstest.WriteFile(t, filepath.Join(o.state, "certs", shop+".pem"), []byte(damage))
		s = o.run()
		state := o.obtained(s, shop)
		if next := state.PeerCertificates[0].SerialNumber; next.Cmp(serial) == 0 {
			t.Error("the damaged certificate is served")
		} else {
			serial = next
		}
		s.stop()
	}
	o.wantIssued(shop, 3, 3)
	if o.ca.Counts().Accounts != 1 {
		t.Error("there is a second account")
	}
}
