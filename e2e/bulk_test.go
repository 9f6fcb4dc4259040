package e2e

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// blockSize is the unit of bulk data. Each block begins with its number, so
// that none can be lost, doubled or moved without changing the sum.
const blockSize = 256 << 10

// bulk is so many bytes, made as they are read.
type bulk struct {
	left  int64
	next  uint64
	block []byte
	rest  []byte
	sum   uint32
}

func newBulk(size int64) *bulk {
	b := &bulk{left: size, block: make([]byte, blockSize)}
	for i := range b.block {
		b.block[i] = byte(i * 7 >> 3)
	}
	return b
}

// Read implements io.Reader.
func (b *bulk) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	if len(b.rest) == 0 {
		binary.BigEndian.PutUint64(b.block, b.next)
		b.next++
		b.rest = b.block[:min(b.left, blockSize)]
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	b.left -= int64(n)
	b.sum = crc32.Update(b.sum, crc32.IEEETable, p[:n])
	return n, nil
}

// taken counts and sums up what is written to it.
type taken struct {
	size int64
	sum  uint32
}

// Write implements io.Writer.
func (k *taken) Write(p []byte) (int, error) {
	k.size += int64(len(p))
	k.sum = crc32.Update(k.sum, crc32.IEEETable, p)
	return len(p), nil
}

func (k *taken) String() string { return fmt.Sprintf("%d bytes, sum %08x", k.size, k.sum) }

// memory returns a value of /proc/PID/status in bytes.
func (s *sluice) memory(key string) int64 {
	s.t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Skipf("skipped: the memory of a process can be read from /proc only: %v", err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), key+":"); ok {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 10, 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return kb << 10
		}
	}
	s.t.Fatalf("/proc has no %s", key)
	return 0
}

// "Bodies stream both ways as they come, with bounded buffers" (design.md
// section 6). It runs alone, so that others do not slow it down.
func TestGigabytesStreamThrough(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped under -short: it moves 2 GiB")
	}
	size := int64(1 << 30)
	if raced() {
		size = 64 << 20 // the race detector is slow
	}
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			var got taken
			io.CopyBuffer(&got, struct{ io.Reader }{r.Body}, make([]byte, blockSize))
			io.WriteString(w, got.String())
			return
		}
		w.Header().Set("Content-Length", r.URL.Query().Get("size"))
		n, _ := strconv.ParseInt(r.URL.Query().Get("size"), 10, 64)
		io.CopyBuffer(struct{ io.Writer }{w}, newBulk(n), make([]byte, blockSize))
	})
	s := start(t, setup{upstreams: []string{up.address}})
	c := s.client()
	c.Timeout = 4 * patience

	post := func(size int64, chunked bool) {
		t.Helper()
		body := newBulk(size)
		r := request(t, "POST", secure+"/up", body)
		if r.ContentLength = size; chunked {
			r.ContentLength = -1
		}
		a := do(t, c, r)
		if want := fmt.Sprintf("%d bytes, sum %08x", size, body.sum); a.body != want {
			t.Errorf("up, chunked %v: %s, want %s", chunked, a.body, want)
		}
	}
	fetch := func(size int64) {
		t.Helper()
		resp, err := c.Do(request(t, "GET", fmt.Sprintf("%s/down?size=%d", secure, size), nil))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var got taken
		if _, err := io.CopyBuffer(&got, struct{ io.Reader }{resp.Body}, make([]byte, blockSize)); err != nil {
			t.Fatalf("down, after %d bytes: %v", got.size, err)
		}
		body := newBulk(size)
		var want taken
		io.CopyBuffer(&want, body, make([]byte, blockSize))
		if got != want {
			t.Errorf("down: %v, want %v", &got, &want)
		}
	}
	post(1<<20, false) // every buffer has been made once
	fetch(1 << 20)

	before := s.memory("VmRSS")
	began := time.Now()
	post(size/2, false)
	post(size/2, true)
	up1 := time.Since(began)
	began = time.Now()
	fetch(size)
	growth := s.memory("VmHWM") - before
	t.Logf("%d MiB up in %v, down in %v; resident memory was %.1f MB and has grown by at most %.1f MB",
		size>>20, up1.Round(time.Millisecond), time.Since(began).Round(time.Millisecond), float64(before)/1e6, float64(growth)/1e6)
	switch {
	case raced():
		t.Log("the growth of memory is not judged: the binary has the race detector")
	case growth > 20e6:
		t.Errorf("resident memory has grown by %d bytes, want less than 20 MB", growth)
	}
}
