//go:build linux

package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// inChild is set in the process that measures itself: to the kind of bodies.
const inChild = "SLUICE_TEST_STORE_MEMORY"

// "Memory: a million distinct URLs pushed through a 64 MB cache: RSS within
// 64 MB + 20 %": by how much the most that was ever resident exceeds what was
// when the process had an empty Store.
func TestAMillionURLsStayWithinTheMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has memory of its own")
	}
	const bytes = 64 << 20
	for _, kind := range []string{"1 KB", "mixed", "large, then small"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestMemoryChild$", "-test.v")
			cmd.Env = append(os.Environ(), inChild+"="+kind)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			_, text, ok := strings.Cut(string(out), "grew by ")
			grown, err := strconv.Atoi(strings.TrimSpace(strings.SplitN(text, " KiB", 2)[0]))
			if !ok || err != nil {
				t.Fatalf("%v in\n%s", err, out)
			}
			t.Logf("the process grew by %d KiB of %d", grown, bytes>>10)
			if grown<<10 > bytes+bytes/5 || grown<<10 < bytes/2 {
				t.Errorf("it grew by %d KiB", grown)
			}
		})
	}
}

// TestMemoryChild is the process that TestAMillionURLsStayWithinTheMemory
// starts.
func TestMemoryChild(t *testing.T) {
	kind := os.Getenv(inChild)
	if kind == "" {
		t.Skip("only as a process of its own")
	}
	s, err := New[meta](Options{Bytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	head, large := make([]byte, 300), make([]byte, 200_000)
	for i := range large {
		large[i] = byte(i)
	}
	key := append([]byte("https://shop.example.com/a/path/of/usual/length?id="), make([]byte, 8)...)
	before := status(t, "VmRSS:")
	for i := range uint64(1_000_000) {
		if i%5_000 == 0 {
			// Else it depends on how soon the collector gets a core how much
			// garbage there is, here 4 to 13 MB. Now it is less than what
			// would make it begin by itself.
			runtime.GC()
		}
		size := 1024
		switch {
		case kind == "mixed":
			size = int(i*2654435761) % (1 << (8 + i%10)) // below 256 bytes, below 512, … below 128 KiB
		case kind == "large, then small" && i < 3000:
			size = len(large)
		case kind == "large, then small":
			size = 0
		}
		binary.LittleEndian.PutUint64(key[len(key)-8:], i)
		if o := s.Find(key, nil); o != nil {
			t.Fatal("found what never was there")
		}
		o := s.Create(key, head, meta{}, int64(size))
		if o == nil || !o.Append(large[:size]) || !s.Commit(o, nil) {
			t.Fatalf("object %d was not kept", i)
		}
		o.Release()
	}
	fmt.Printf("%+v\n", s.Stats())
	fmt.Printf("grew by %d KiB\n", status(t, "VmHWM:")-before)
}

// status returns a number of the kernel about this process, in KiB.
func status(t *testing.T, name string) int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if f := bytes.Fields(line); len(f) > 1 && string(f[0]) == name {
			n, err := strconv.Atoi(string(f[1]))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no %s in the status", name)
	return 0
}
