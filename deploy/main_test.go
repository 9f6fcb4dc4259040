package deploy

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Where copies of the test program stand on a machine, which are other programs by
// these names.
const (
	application = "/srv/app/app" // as in app.service
	visitor     = "/srv/app/visitor"
)

func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case filepath.Base(application): // --listen ADDRESS
		fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Args[2], http.HandlerFunc(answer)))
		os.Exit(1)
	case filepath.Base(visitor): // URL KIND
		visit(os.Args[1], os.Args[2])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// answer is the application. At /long it takes some seconds.
func answer(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/long" {
		for range 20 {
			io.WriteString(w, "and so on\n")
			http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	io.WriteString(w, "hello\n")
}

// Kinds of visitors: they come again on a connection that stays and on a new one by
// turns, or always on a new one.
const (
	regulars  = "regulars"
	newcomers = "newcomers"
)

// visit asks every 10 ms until stdin ends, and says how many of the requests failed.
// A request that was begun on a connection as that ended is one that failed: it is a
// POST.
func visit(url, kind string) {
	leave := make(chan struct{})
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(leave)
	}()
	lasting, fresh := &http.Client{Transport: &http.Transport{}}, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	lasting.Timeout, fresh.Timeout = 30*time.Second, 30*time.Second
	failed, n := 0, 0
	for tick := time.NewTicker(10 * time.Millisecond); ; n++ {
		client := fresh
		if kind == regulars && n%2 == 0 {
			client = lasting
		}
		if why := askOnce(client, url); why != "" {
			failed++
			fmt.Printf("%s: request %d: %s\n", time.Now().Format("15:04:05.000000"), n, why)
		} else if n == 0 {
			fmt.Println("the first was answered")
		}
		select {
		case <-leave:
			fmt.Printf("%d asked, %d failed\n", n+1, failed)
			return
		case <-tick.C:
		}
	}
}

// askOnce returns what was wrong.
func askOnce(c *http.Client, url string) string {
	r, err := c.Post(url, "text/plain", http.NoBody)
	if err != nil {
		return err.Error()
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != 200 || string(body) != "hello\n" {
		return fmt.Sprintf("%s %q %v", r.Status, body, err)
	}
	return ""
}
