package e2e

import (
	"encoding/xml"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/summerwind/h2spec"
	"github.com/summerwind/h2spec/config"
)

// h2specCases is how many cases h2spec 2.2.1 has in strict mode: fewer would
// mean that it has not run whole.
const h2specCases = 146

// The conformance test of HTTP/2 passes whole, in strict mode, before a real
// upstream. (It is not run in parallel: it writes to os.Stdout.)
func TestH2Spec(t *testing.T) {
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "some bytes of an answer")
	})
	s := start(t, setup{upstreams: []string{up.address},
		// It provokes far more errors than a client has any reason to.
		more: "[server.http2]\nmax_errors = 100000\n"})
	report := filepath.Join(t.TempDir(), "report.xml")
	host, portText, _ := net.SplitHostPort(s.https)
	port, _ := strconv.Atoi(portText)
	silently(t, func() {
		if _, err := h2spec.Run(&config.Config{Host: host, Port: port, Path: "/", Timeout: 3 * time.Second,
			MaxHeaderLen: 4000, JUnitReport: report, Strict: true, TLS: true, Insecure: true}); err != nil {
			t.Error(err)
		}
	})
	checkReport(t, report)
}

// silently keeps what f prints off the test's output.
func silently(t *testing.T, f func()) {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	stdout := os.Stdout
	os.Stdout = null
	defer func() { os.Stdout = stdout }()
	f()
}

// checkReport fails the test for each case that did not pass.
func checkReport(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Suites []struct {
			Package string `xml:"package,attr"`
			Cases   []struct {
				Name    string    `xml:"classname,attr"`
				Failure *xmlThing `xml:"failure"`
				Error   *xmlThing `xml:"error"`
				Skipped *xmlThing `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	cases := 0
	for _, suite := range report.Suites {
		for _, c := range suite.Cases {
			cases++
			if c.Failure != nil || c.Error != nil || c.Skipped != nil {
				t.Errorf("%s: %s did not pass: %v %v", suite.Package, c.Name, c.Failure, c.Error)
			}
		}
	}
	if cases != h2specCases {
		t.Errorf("%d cases were run, want %d", cases, h2specCases)
	}
}

type xmlThing struct {
	Text string `xml:",chardata"`
}
