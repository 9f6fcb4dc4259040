package main

import (
	"context"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
)

// version is a program and which one of it.
type version struct {
	name, number string
}

// readVersions asks each program for its version.
func readVersions(ctx context.Context, t tools, s sluiceBinary) []version {
	list := []version{
		{"nginx", askVersion(ctx, t.nginx, "-v")},
		{"HAProxy", askVersion(ctx, t.haproxy, "-v")},
		{"Caddy", askVersion(ctx, t.caddy, "version")},
		{"wrk", askVersion(ctx, t.wrk, "-v")},
		{"h2load", askVersion(ctx, t.h2load, "--version")},
		{"Go", strings.TrimPrefix(runtime.Version(), "go")},
	}
	if s.path != "" {
		list = append([]version{{"Sluice", askVersion(ctx, s.path, "version")}}, list...)
	}
	return list
}

// askVersion runs a program and reads the version in what it prints. Some exit
// with an error after printing it (wrk), so only the text counts.
func askVersion(ctx context.Context, path string, args ...string) string {
	out, _ := exec.CommandContext(ctx, path, args...).CombinedOutput()
	return findVersion(string(out))
}

// findVersion is the first thing in a text that looks like a version number.
func findVersion(text string) string {
	number := regexp.MustCompile(`\d+\.\d+(\.\d+)?(-[0-9A-Za-z.+~]+)?`).FindString(text)
	if number == "" {
		return "of unknown version"
	}
	return number
}

// readCommit names the commit of the checkout, and says if it was changed.
func readCommit(ctx context.Context, root string) string {
	git := func(args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, "git", append([]string{"-C", root}, args...)...).Output()
		return strings.TrimSpace(string(out)), err
	}
	commit, err := git("rev-parse", "--short", "--verify", "HEAD")
	if err != nil {
		return "uncommitted"
	}
	if changes, err := git("status", "--porcelain"); err != nil || changes != "" {
		return commit + "-changed"
	}
	return commit
}
