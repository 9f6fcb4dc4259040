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
	askTimeout = 10 * time.Second
	maxAnswer  = 16 << 20 // of thousands of certificates
)

// askAdmin asks the admin server of the running Sluice. question is the body of
// what is asked, nil without one.
func askAdmin(ctx context.Context, cfg *config.Config, method, path string, question []byte) (body []byte, status int, err error) {
	if !cfg.Server.Admin.On {
		return nil, 0, errors.New(`sluice cannot be asked: server.admin is ""`)
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+cfg.Server.Admin.String()+path, bytes.NewReader(question))
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("Sluice-Action", "command")
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return nil, 0, fmt.Errorf("sluice does not answer at %s; it is not running, or with another configuration", cfg.Server.Admin)
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	return body, answer.StatusCode, err
}
