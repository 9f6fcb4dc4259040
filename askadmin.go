package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"sluice/config"
)

const (
	askTimeout = 40 * time.Second // of an upgrade, too
	maxAnswer  = 16 << 20         // of thousands of certificates
)

// askAdmin asks the admin server of the running Sluice. question is the body of
// what is asked, nil without one.
func askAdmin(ctx context.Context, cfg *config.Config, method, path string, question []byte) (body []byte, status int, err error) {
	if !cfg.Server.Admin.On {
		return nil, 0, errors.New(`sluice cannot be asked: server.admin is ""`)
	}
	return askAddress(ctx, cfg.Server.Admin.String(), method, path, question)
}

// askAddress is askAdmin for an address of the caller's.
func askAddress(ctx context.Context, address, method, path string, question []byte) (body []byte, status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+address+path, bytes.NewReader(question))
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("Sluice-Action", "command")
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return nil, 0, fmt.Errorf("sluice does not answer at %s; it is not running, or with another configuration", address)
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	return body, answer.StatusCode, err
}
