package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The bodies that the origin serves.
const (
	smallPath, smallSize   = "/small.json", 614
	kiloPath, kiloSize     = "/kilo.bin", 1 << 10
	mediumPath, mediumSize = "/medium.bin", 100 << 10
	largePath, largeSize   = "/large.bin", 10 << 20
)

// uploadPath answers with the small body after it has read that of the request.
const uploadPath = "/upload"

// countPath tells how many requests the origin has had.
const countPath = "/count"

// bodySize is the length of the body at a path.
func bodySize(path string) int64 {
	switch path {
	case smallPath:
		return smallSize
	case kiloPath:
		return kiloSize
	case mediumPath:
		return mediumSize
	case largePath:
		return largeSize
	}
	panic("internal error: no body at " + path)
}

// originConfig serves the bodies on three ports as cheaply as nginx can.
const originConfig = `daemon off;
pid {{.Dir}}/nginx.pid;
error_log {{.Dir}}/error.log warn;
{{- if .Root}}
user root;
{{- end}}
worker_processes 1;
events {
    worker_connections 8192;
}
http {
    client_body_temp_path {{.Dir}}/body;
    proxy_temp_path {{.Dir}}/proxy;
    fastcgi_temp_path {{.Dir}}/fastcgi;
    uwsgi_temp_path {{.Dir}}/uwsgi;
    scgi_temp_path {{.Dir}}/scgi;
    access_log off;
    sendfile on;
    open_file_cache max=16;
    keepalive_requests 100000000;
    keepalive_timeout 300s;
    types {
        application/json json;
    }
    default_type application/octet-stream;
    server {
{{- range .Origins}}
        listen 127.0.0.1:{{.}} backlog=4096;
{{- end}}
        root {{.Dir}}/www;
        location = /count {
            stub_status;
        }
        location = /upload { # files answer without waiting for the request's body, proxies read it first
            proxy_pass http://127.0.0.1:{{index .Origins 0}}/small.json;
            proxy_method GET;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }
    }
}
`

// origin is the server behind the proxies.
type origin struct {
	*process
	ports []int
}

// startOrigin starts the origin on its core.
func (b *bench) startOrigin(ctx context.Context, pin cores) (*origin, error) {
	dir, err := os.MkdirTemp(b.dir, "origin-")
	if err != nil {
		return nil, fmt.Errorf("origin's folder: %w", err)
	}
	if err := writeBodies(filepath.Join(dir, "www")); err != nil {
		return nil, err
	}
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	s := setup{Dir: dir, Origins: ports, Root: os.Geteuid() == 0}
	p := proxy{name: "origin nginx", binary: b.tools.nginx, config: originConfig, file: "nginx.conf", args: nginxArgs, env: noEnv}
	started, err := b.startProxy(p, s, pin)
	if err != nil {
		return nil, err
	}
	o := &origin{process: started, ports: ports}
	for _, port := range ports {
		if err := awaitAnswer(ctx, started, newProbe(port)); err != nil {
			return nil, stopAfter(started, err)
		}
	}
	return o, nil
}

// writeBodies makes the files that the origin serves.
func writeBodies(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("origin's files: %w", err)
	}
	return writeFiles(map[string]string{
		filepath.Join(dir, smallPath):  smallJSON(),
		filepath.Join(dir, kiloPath):   strings.Repeat("0123456789abcde\n", kiloSize/16),
		filepath.Join(dir, mediumPath): strings.Repeat("0123456789abcde\n", mediumSize/16),
		filepath.Join(dir, largePath):  strings.Repeat("0123456789abcde\n", largeSize/16),
	})
}

// smallJSON is an answer of an API, 0.6 KB.
func smallJSON() string {
	const head, tail = `{"id":4711,"name":"bench","items":["`, `"]}`
	return head + strings.Repeat("x", smallSize-len(head)-len(tail)) + tail
}
