package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// tools are the programs the bench runs, by path.
type tools struct {
	nginx, haproxy, caddy, wrk, h2load, taskset string
}

// findTools looks the tools up and, if any is missing, says what to install.
func findTools() (tools, error) {
	var t tools
	var packages []string
	for _, tool := range []struct {
		path         *string
		name, debian string
	}{
		{&t.nginx, "nginx", "nginx"},
		{&t.haproxy, "haproxy", "haproxy"},
		{&t.caddy, "caddy", "caddy"},
		{&t.wrk, "wrk", "wrk"},
		{&t.h2load, "h2load", "nghttp2-client"},
		{&t.taskset, "taskset", "util-linux"},
	} {
		path, err := lookUp(tool.name)
		if err != nil {
			packages = append(packages, tool.debian)
		}
		*tool.path = path
	}
	if len(packages) > 0 {
		slices.Sort(packages)
		return t, fmt.Errorf("programs are missing; install them:\n  apt-get install %s", strings.Join(packages, " "))
	}
	return t, nil
}

// lookUp finds a program in PATH and in /usr/sbin, which users other than root
// seldom have in it.
func lookUp(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", name))
}

// moduleRoot is the folder of the checkout that the bench is run in.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	file := strings.TrimSpace(string(out))
	if filepath.Base(file) != "go.mod" {
		return "", fmt.Errorf("run me inside the checkout: go run ./bench")
	}
	return filepath.Dir(file), nil
}
