package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// smallDisk is a file system of 256 KiB. It is mounted where a process sees it
// that lives as long as the test, and those that join it, and nobody else: so
// it is gone with them, whatever happens.
type smallDisk struct {
	t      *testing.T
	within []string // a command in front of others, which then see the disk
	path   string   // as they see it
	seen   string   // as the test does
}

// newSmallDisk mounts one, and skips the test where that is not allowed.
func newSmallDisk(t *testing.T) *smallDisk {
	t.Helper()
	unshare, nsenter := program(t, "unshare"), program(t, "nsenter")
	apart, join := []string{"--mount"}, []string{"--mount"}
	if os.Getuid() != 0 { // then in a world where we are root
		apart, join = append(apart, "--user", "--map-root-user"), append(join, "--user", "--preserve-credentials")
	}
	d := &smallDisk{t: t, path: t.TempDir()}
	stdout, stderr := new(output), new(output)
	holder := exec.Command(unshare, append(apart, "sh", "-c", `mount -t tmpfs -o size=256k,mode=0700 tmpfs "$0" && echo mounted && exec cat`, d.path)...)
	holder.Stdout, holder.Stderr = stdout, stderr
	stdin, err := holder.StdinPipe() // it ends when the test does
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		holder.Wait()
	}()
	t.Cleanup(func() {
		stdin.Close()
		<-ended
	})
	eventually(t, patience, "a disk is mounted", func() bool {
		select {
		case <-ended:
			t.Skipf("skipped: no small disk can be mounted: %s", strings.TrimSpace(stderr.text()))
		default:
		}
		return stdout.has("mounted")
	})
	pid := strconv.Itoa(holder.Process.Pid)
	d.within = append(append([]string{nsenter}, join...), "--target", pid, "--")
	d.seen = filepath.Join("/proc", pid, "root", d.path)
	return d
}

// ballast is the file that fills the disk.
func (d *smallDisk) ballast() string { return filepath.Join(d.seen, "ballast") }

// fill fills the disk until it takes nothing more.
func (d *smallDisk) fill() {
	d.t.Helper()
	f, err := os.OpenFile(d.ballast(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4<<10); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		d.t.Fatal(err)
	}
}

// free makes room again.
func (d *smallDisk) free() {
	d.t.Helper()
	if err := os.Remove(d.ballast()); err != nil {
		d.t.Fatal(err)
	}
}

// freeze makes the disk read-only, and thaw ends that.
func (d *smallDisk) freeze() { d.remount("ro") }
func (d *smallDisk) thaw()   { d.remount("rw") }

func (d *smallDisk) remount(option string) {
	d.t.Helper()
	words := append(append([]string(nil), d.within...), "mount", "-o", "remount,bind,"+option, d.path)
	if r := command(d.t, "", words[0], words[1:]...); r.status != 0 {
		d.t.Fatal(fmt.Errorf("%q: exit status %d, %s", words, r.status, r.stderr))
	}
}
