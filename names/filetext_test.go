package names

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestAWatchedFileIsOneAddressALine(t *testing.T) {
	const good = `# made by start-containers
10.0.0.3:3000 weight=2
10.0.0.2:3000	# the first

  [fd00::2]:3000  weight=1000
[fe80::1%eth0]:80
[::ffff:10.0.0.9]:80
127.0.0.1:8080` + "\r\n"
	got, err := ParseFile("upstreams", []byte(good))
	want := "10.0.0.2:3000 10.0.0.3:3000*2 10.0.0.9:80 127.0.0.1:8080 [fd00::2]:3000*1000 [fe80::1%eth0]:80"
	if err != nil || text(got) != want {
		t.Errorf("got %s, %v; want %s", text(got), err, want)
	}
}

// "Bad input: empty watched file, half-written watched file: clear errors".
func TestAWatchedFileThatIsWrongSaysWhere(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{`f: no address in it: write one a line, such as "10.0.0.2:3000"`}},
		{"comments only", "# nothing yet\n\n", []string{`f: no address in it: write one a line, such as "10.0.0.2:3000"`}},
		{"half-written", "10.0.0.2:3000\n10.0.0.3:30", []string{`f:2: no newline at the end of "10.0.0.3:30": the file may be half-written`}},
		{"a newline missing after a comment", "10.0.0.2:3000\n# end", []string{`f:2: no newline at the end of "# end": the file may be half-written`}},
		{"a host name", "app.internal:80\n", []string{`f:1: "app.internal:80" is not an IP address and a port: write "10.0.0.2:3000" or "[fd00::2]:3000"`}},
		{"no port", "10.0.0.2\n", []string{`f:1: "10.0.0.2" is not an IP address and a port: write "10.0.0.2:3000" or "[fd00::2]:3000"`}},
		{"no brackets", "fd00::2:3000\n", []string{`f:1: "fd00::2:3000" is not an IP address and a port: write "10.0.0.2:3000" or "[fd00::2]:3000"`}},
		{"port 0", "10.0.0.2:0\n", []string{`f:1: "10.0.0.2:0" has port 0: write one of 1 to 65535`}},
		{"an absurd address", "0.0.0.0:80\n", []string{`f:1: "0.0.0.0:80" means no host (RFC 1122 section 3.2.1.3)`}},
		{"weight 0", "10.0.0.2:80 weight=0\n", []string{`f:1: "weight=0" is not usable: write a whole number of 1 to 1000`}},
		{"weight 1001", "10.0.0.2:80 weight=1001\n", []string{`f:1: "weight=1001" is not usable: write a whole number of 1 to 1000`}},
		{"an unknown word", "10.0.0.2:80 backup\n", []string{`f:1: "backup" is not known after an address: write at most one weight=N`}},
		{"two weights", "10.0.0.2:80 weight=1 weight=2\n", []string{`f:1: "weight=1 weight=2" is not known after an address: write at most one weight=N`}},
		{"twice", "10.0.0.2:80\n10.0.0.2:80\n", []string{"f:2: 10.0.0.2:80 stands in line 1 already: name it once, with weight=N for a larger share"}},
		{"all at once", "x\n10.0.0.2:80\ny\nz", []string{
			`f:1: "x" is not an IP address and a port: write "10.0.0.2:3000" or "[fd00::2]:3000"`,
			`f:3: "y" is not an IP address and a port: write "10.0.0.2:3000" or "[fd00::2]:3000"`,
			`f:4: no newline at the end of "z": the file may be half-written`}},
		{"zeros", "\x00\x00\n", []string{`f:1: "\x00\x00" is not an IP address and a port: write "10.0.0.2:3000" or "[fd00::2]:3000"`}},
		{"too large", strings.Repeat("#\n", maxFileSize), []string{"f: larger than 1048576 bytes"}},
		{"too many lines", "10.0.0.2:80\n" + strings.Repeat("#\n", maxLines), []string{"f:10001: more than 10000 lines"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseFile("f", []byte(tt.text))
			if err == nil || got != nil {
				t.Fatalf("got %v, %v", got, err)
			}
			if lines := strings.Split(err.Error(), "\n"); !slices.Equal(lines, tt.want) {
				t.Errorf("got %q, want %q", lines, tt.want)
			}
		})
	}
}

// Ten are told, the rest are counted; each says its line.
func TestTheErrorsOfAWatchedFileAreBounded(t *testing.T) {
	_, err := ParseFile("f", []byte(strings.Repeat("x\n", 50)))
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 11 || lines[10] != "f: 40 more lines are wrong" {
		t.Errorf("got %q", lines)
	}
	var first *LineError
	if !errors.As(err, &first) || first.Line != 1 || first.File != "f" {
		t.Errorf("first is %+v", first)
	}
	_, err = ParseFile("f", []byte(strings.Repeat("y", 100_000)+"\n"))
	if len(err.Error()) > 300 {
		t.Errorf("an error of %d bytes", len(err.Error()))
	}
}

// "scripts that start a hundred containers", and ten thousand.
func TestAWatchedFileHoldsManyAddresses(t *testing.T) {
	var b strings.Builder
	for i := range maxAddresses {
		fmt.Fprintf(&b, "10.0.%d.%d:3000\n", i/250, i%250+1)
	}
	got, err := ParseFile("f", []byte(b.String()))
	if err != nil || len(got) != maxAddresses {
		t.Errorf("%d addresses, %v", len(got), err)
	}
}

// FuzzParseFile: either errors that name lines, or addresses that can be
// written out and read again.
func FuzzParseFile(f *testing.F) {
	f.Add([]byte("10.0.0.2:3000 weight=2 # x\n[fd00::2]:3000\n"))
	f.Add([]byte("10.0.0.2:3000\n10.0.0"))
	f.Add([]byte("\xff\xfe1\x000\x00\n"))
	f.Add([]byte("[fe80::1%eth 0]:80\n"))
	f.Add([]byte("[fe80::1%#]:80\n\n\n#"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := ParseFile("f", data)
		if err != nil {
			var one *LineError
			if got != nil || !errors.As(err, &one) || one.Line > strings.Count(string(data), "\n")+1 {
				t.Errorf("got %v, %v", got, err)
			}
			if len(err.Error()) > 12*500 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		if len(got) == 0 || !isSorted(got) || data[len(data)-1] != '\n' {
			t.Fatalf("%q is taken for %v", data, got)
		}
		var b strings.Builder
		for _, a := range got {
			fmt.Fprintf(&b, "%s weight=%d\n", a.AddrPort, a.Weight)
		}
		if again, err := ParseFile("f", []byte(b.String())); err != nil || !slices.Equal(again, got) {
			t.Errorf("%q is %v, and written out %v, %v", data, got, again, err)
		}
	})
}
