package policy

import (
	"strings"
	"testing"
	"time"

	"sluice/message"
)

// noon is when the tests' responses come, and text its HTTP-date.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func httpDate(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") }

// fields makes field lines of "Name: value" lines. In a value, {-90} is the
// HTTP-date 90 seconds before noon.
func fields(lines ...string) message.Fields {
	var f message.Fields
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		value = strings.Trim(value, " \t")
		if strings.HasPrefix(value, "{") {
			d, err := time.ParseDuration(strings.Trim(value, "{}") + "s")
			if err != nil {
				panic(err)
			}
			value = httpDate(noon.Add(d))
		}
		f = append(f, message.Field{Name: []byte(name), Value: []byte(value), ID: message.NameOf([]byte(name))})
	}
	return f
}

// get makes a GET request for /a/b?q with these field lines.
func get(lines ...string) *message.Request {
	return &message.Request{
		Method: []byte("GET"), Authority: []byte("shop.example"), Target: []byte("/a/b?q"),
		Fields: fields(lines...), Client: &message.Client{},
	}
}

// answer makes a response with these field lines.
func answer(status int, lines ...string) *message.Response {
	return &message.Response{Status: status, Fields: fields(lines...)}
}

// judged judges a response to a plain GET that came at noon at once.
func judged(resp *message.Response, rules Rules) (Meta, Why) {
	r := get()
	return Judge(r, Ask(r), resp, noon, noon, rules)
}

// stored is judged for tests that need a Meta.
func stored(t *testing.T, lines ...string) *Meta {
	t.Helper()
	m, why := judged(answer(200, lines...), Rules{TTL: time.Nanosecond})
	if why != WhyNone {
		t.Fatalf("%q is not stored: %s", lines, why)
	}
	return &m
}

func text(f message.Fields) string {
	var b strings.Builder
	for i := range f {
		b.WriteString(string(f[i].Name) + ": " + string(f[i].Value) + "\n")
	}
	return b.String()
}

func after(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }
