package admin

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

// watched is a body that counts what is read of it.
type watched struct {
	io.Reader
	read int
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	w.read += n
	return n, err
}

func (w *watched) Close() error { return nil }

// noted returns Options whose functions note in done that they were called, by
// their names, and return zero values.
func noted(done map[string]bool) Options {
	var o Options
	v := reflect.ValueOf(&o).Elem()
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		if f.Kind() != reflect.Func {
			continue
		}
		f.Set(reflect.MakeFunc(f.Type(), func([]reflect.Value) (results []reflect.Value) {
			done[name] = true
			for i := range f.Type().NumOut() {
				results = append(results, reflect.Zero(f.Type().Out(i)))
			}
			return results
		}))
	}
	o.Metrics = http.HandlerFunc(page)
	o.Ready = func() bool { return true }
	o.Profiles = nil // they take their time
	o.Token = func() Token { return NewToken(token) }
	return o
}

// isALook are the Options that change nothing. What is not here is only done by
// an action.
var isALook = map[string]bool{"Certificates": true, "Maintenance": true, "Cache": true, "Config": true, "WrongToken": true,
	"Status": true, "Events": true, "Failures": true, "Failure": true, "Pools": true, "Limits": true}

// FuzzAdmin holds that nothing is done unless it is asked for by POST, with the
// field, under our own name, by no page of another origin and with the token; that
// no question makes an error of ours; and that what is refused is not read.
func FuzzAdmin(f *testing.F) {
	const ours, right = "localhost:9180", "Bearer " + token
	f.Add("POST", "/reload", "", ours, "", right, "command", []byte(nil))
	f.Add("POST", "/certs/renew", "name=shop.example.com", ours, "", right, "command", []byte(nil))
	f.Add("POST", "/maintenance/on", "site=shop.example.com&until=2026-12-01T20:00:00Z", "127.0.0.1", "http://127.0.0.1", right, "x", []byte(nil))
	f.Add("POST", "/maintenance/off", "site=a", ours, "null", right, "command", []byte(nil))
	for _, look := range []string{"/", "/page/page.js", "/status", "/events", "/failures", "/pools", "/limits"} {
		f.Add("GET", look, "seconds=5&limit=3&pool=app", ours, "", right, "", []byte(nil))
	}
	f.Add("GET", "/failures", "id=x", ours, "", right, "", []byte(nil))
	f.Add("POST", "/upstream/drain", "pool=a&upstream=b&force=true", ours, "", right, "command", []byte(nil))
	f.Add("POST", "/upstream/weight", "pool=a&upstream=b&weight=5", ours, "", right, "command", []byte(nil))
	f.Add("POST", "/upgrade", "", ours, "", right, "command", []byte(nil))
	f.Add("POST", "/cache/purge", "", ours, "", right, "command", []byte(`{"url":"https://a/","prefix":true}`))
	f.Add("POST", "/cache/purge", "", ours, "", right, "command", bytes.Repeat([]byte("x"), maxBody+1))
	f.Add("POST", "/cache/purge", "", ours, "", "Bearer x", "command", []byte(`{"url":"https://a/"}`))
	f.Add("POST", "/reload", "", "evil.example.com", "", right, "command", []byte("x"))
	f.Add("GET", "/reload", "", ours, "", right, "command", []byte(nil))
	f.Add("POST", "/reload", "", ours, "", right, "", []byte(nil))
	f.Add("GET", "/certs", "", "[::1]:1", "", "bearer  "+token, "", []byte(nil))
	f.Add("GET", "/config", "", "", "", "", "", []byte(nil))
	f.Add("DELETE", "/page/../reload", "%zz=%", "localhost", "http://localhost", "Basic x", "command", []byte(nil))
	f.Fuzz(func(t *testing.T, method, path, query, host, origin, authorization, action string, body []byte) {
		done := map[string]bool{}
		s := New(noted(done))
		g := s.http.Handler.(guard)
		g.tries.length = 0
		read := &watched{Reader: bytes.NewReader(body)}
		r := &http.Request{
			Method: method, URL: &url.URL{Path: path, RawQuery: query}, Host: host, RemoteAddr: "127.0.0.1:1234",
			Header: http.Header{}, Body: read, ContentLength: int64(len(body)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		}
		if len(body)%2 == 1 {
			r.ContentLength = -1 // chunked
		}
		for name, value := range map[string]string{"Origin": origin, "Authorization": authorization, ActionField: action} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		here := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9180}
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, here))
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)

		scheme, text, _ := strings.Cut(authorization, " ")
		welcome := nameIsOurs(host) && (origin == "" || strings.EqualFold(origin, "http://"+host)) &&
			strings.EqualFold(scheme, "bearer") && strings.TrimLeft(text, " ") == token
		for name := range done {
			if name == "WrongToken" {
				continue
			}
			if !welcome {
				t.Errorf("%s, and nobody may", name)
			}
			if !isALook[name] && (method != http.MethodPost || action == "" || !isAction(path)) {
				t.Errorf("%s by %s %q", name, method, path)
			}
			if isALook[name] && method != http.MethodGet && method != http.MethodHead {
				t.Errorf("%s by %s", name, method)
			}
		}
		if w.Code >= 500 && w.Code != http.StatusNotImplemented {
			t.Errorf("status %d", w.Code)
		}
		most := maxBody + 1
		if !welcome || method != http.MethodPost || action == "" || w.Code == http.StatusRequestEntityTooLarge && r.ContentLength > 0 {
			most = 0
		}
		if read.read > most {
			t.Errorf("%d bytes were read, for a %d", read.read, w.Code)
		}
		if strings.Contains(w.Body.String(), token) && !strings.Contains(path+query+string(body), token) {
			t.Error("the token is told")
		}
	})
}

// nameIsOurs is what a Host may be, said once more: loopback by name or address.
func nameIsOurs(host string) bool {
	u, err := url.Parse("//" + host)
	if err == nil && u.Host == host && host != "" {
		if strings.EqualFold(u.Hostname(), "localhost") {
			return true
		}
		ip, err := netip.ParseAddr(u.Hostname())
		return err == nil && ip.Unmap().IsLoopback()
	}
	// What is no authority at all may be an address all the same, without brackets.
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
