package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// A measurement of hits is one only if hardly a request reaches the origin.
func TestMissesFailAMeasurementOfHits(t *testing.T) {
	for _, tt := range []struct {
		misses int64
		good   bool
	}{{0, true}, {mostMisses, true}, {mostMisses + 1, false}, {100000, false}} {
		var count atomic.Int64 // of requests at the origin
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n := count.Add(1)
			if r.URL.Path == countPath {
				fmt.Fprintf(w, "Active connections: 1 \nserver accepts handled requests\n 1 1 %d \nReading: 0 Writing: 1 Waiting: 0 \n", n)
				return
			}
			w.Write(make([]byte, kiloSize))
		}))
		port := server.Listener.Addr().(*net.TCPAddr).Port
		m := &measurement{setup: setup{HTTPS: port, Origins: []int{port}}}
		take := func(context.Context, *measurement) (sample, error) {
			count.Add(tt.misses)
			return sample{value: 7}, nil
		}
		got, err := hitting(load{plain: true, path: kiloPath}, take)(t.Context(), m)
		server.Close()
		if tt.good && (err != nil || got.value != 7) {
			t.Errorf("%d misses: got %v, %v", tt.misses, got.value, err)
		}
		if !tt.good && (err == nil || !strings.Contains(err.Error(), fmt.Sprint(tt.misses))) {
			t.Errorf("%d misses: got %v, want an error that tells of them", tt.misses, err)
		}
	}
}
