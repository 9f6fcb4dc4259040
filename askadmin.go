package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/config"
)

const (
	askTimeout = 40 * time.Second // of an upgrade, too
	maxAnswer  = 16 << 20         // of thousands of certificates
)

// loadAsked reads where the running Sluice is asked. A file that is wrong elsewhere
// is told of and keeps nobody from it: that is when one wants to look.
func loadAsked(c *cobra.Command, file string) (*config.Config, error) {
	cfg, err := config.LoadAsked(file)
	if cfg == nil {
		return nil, err
	}
	var wrong *config.Errors
	if errors.As(err, &wrong) {
		more := ""
		if n := len(wrong.List) - 1; n > 0 {
			more = fmt.Sprintf(" (and %d more: sluice check)", n)
		}
		fmt.Fprintf(c.ErrOrStderr(), "warning: this file is wrong; a Sluice that runs has the one before, and is asked\n%s%s\n\n", cleanLines(wrong.List[0].Error()), more)
	}
	return cfg, nil
}

// askAdmin asks the admin server of the running Sluice. question is the body of
// what is asked, nil without one.
func askAdmin(ctx context.Context, cfg *config.Config, method, path string, question []byte) (body []byte, status int, err error) {
	if !cfg.Server.Admin.On {
		return nil, 0, errors.New(`sluice cannot be asked: server.admin is ""`)
	}
	return askAddress(ctx, cfg, cfg.Server.Admin.String(), method, path, question)
}

// act has the running Sluice do something, and prints what it says of it.
func act(c *cobra.Command, file, path string, query url.Values) error {
	cfg, err := loadAsked(c, file)
	if err != nil {
		return err
	}
	body, status, err := askAdmin(c.Context(), cfg, http.MethodPost, path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return errors.New(strings.TrimSpace(string(body)))
	}
	_, err = io.WriteString(c.OutOrStdout(), cleanLines(string(body)))
	return err
}

// askAddress is askAdmin for an address of the caller's, which is written as
// server.admin is.
func askAddress(ctx context.Context, cfg *config.Config, address, method, path string, question []byte) (body []byte, status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	transport, host := adminTransport(address)
	r, err := http.NewRequestWithContext(ctx, method, "http://"+host+path, bytes.NewReader(question))
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("Sluice-Action", "command")
	if cfg.Server.AdminToken.On() {
		token, err := cfg.Server.ReadAdminToken()
		if err != nil {
			return nil, 0, fmt.Errorf("sluice cannot be asked without its token: %w", err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	// The token goes to whom it is meant for, and to nobody whom that one names.
	client := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		return nil, 0, notAsked(address, err)
	}
	defer answer.Body.Close()
	if body, err = io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1)); err != nil {
		return nil, 0, fmt.Errorf("the answer of sluice at %s has no end: %w", address, err)
	}
	if len(body) > maxAnswer {
		return nil, 0, fmt.Errorf("what answers at %s is not Sluice: it answers without end", address)
	}
	return body, answer.StatusCode, refusal(cfg, answer, body)
}

// adminTransport returns how the admin server at an address is reached, and what
// to call it in a URL.
func adminTransport(address string) (t *http.Transport, host string) {
	t = &http.Transport{DisableKeepAlives: true} // and without a proxy of the environment
	path, ok := strings.CutPrefix(address, "unix:")
	if !ok {
		return t, ofThisMachine(address)
	}
	t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	return t, "localhost"
}

// ofThisMachine returns an address to ask at, of one to listen on: who listens on
// all addresses is asked at the loopback one, and answers to no word for all.
func ofThisMachine(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	switch ip, err := netip.ParseAddr(host); {
	case host == "" || err == nil && ip == netip.IPv4Unspecified():
		return net.JoinHostPort("127.0.0.1", port)
	case err == nil && ip == netip.IPv6Unspecified():
		return net.JoinHostPort("::1", port)
	}
	return address
}

// notAsked says why there is no answer.
func notAsked(address string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("this user may not ask sluice at %s\nbe the user that it runs as, or root; or let a group connect: server.admin_socket_mode and admin_socket_group", address)
	}
	if strings.HasPrefix(address, "unix:") && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("sluice does not answer at %s: there is no such socket; it is not running, or with another configuration\nif the file was removed, SIGHUP makes it anew (systemctl reload sluice)", address)
	}
	return fmt.Errorf("sluice does not answer at %s; it is not running, or with another configuration", address)
}

// refusal returns why we are not let in, nil if we are.
func refusal(cfg *config.Config, answer *http.Response, body []byte) error {
	switch {
	case answer.StatusCode == http.StatusUnauthorized && cfg.Server.AdminToken.On():
		return fmt.Errorf("sluice runs with another token than that of %s\n%s", cfg.Server.AdminToken, newToken(cfg.Server.AdminToken))
	case answer.StatusCode == http.StatusUnauthorized:
		return errors.New("sluice wants a token, and this configuration has none\nname its configuration with --config; or, if the token was taken out of it, let SIGHUP put that in force (systemctl reload sluice)")
	case answer.StatusCode == http.StatusTooManyRequests:
		return errors.New(strings.TrimSpace(string(body)) + "\ntry again")
	}
	return nil
}

// newToken says what helps whose token is not the one in force. A signal needs
// none; but what is in the environment of a process stays as it began.
func newToken(s config.Secret) string {
	const named = "name its configuration with --config; or, if the token is new, "
	if s.Env != "" {
		return named + "restart it (systemctl restart sluice)"
	}
	return named + "let SIGHUP put it in force (systemctl reload sluice)"
}
