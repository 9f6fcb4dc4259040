package ca

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"sluice/certs"
)

// renewalInfo asks the CA when leaf should be renewed (RFC 9773 section 4). The
// question is not signed and needs no account.
func renewalInfo(ctx context.Context, d Directory, inner http.RoundTripper, leaf *x509.Certificate) (certs.RenewalInfo, error) {
	t := newTransport(ctx, inner)
	defer t.close()
	t.say("ask when to renew")
	client := &acme.Client{Directory: d.URL, UserAgent: d.Agent, HTTPClient: &http.Client{Transport: t, CheckRedirect: noRedirect}}
	info, err := client.GetRenewalInfo(ctx, leaf)
	if errors.Is(err, acme.ErrUnsupported) {
		return certs.RenewalInfo{}, nil
	}
	if err != nil {
		return certs.RenewalInfo{}, t.explain(d.URL, err)
	}
	answer := certs.RenewalInfo{
		Start:       info.SuggestedWindow.Start,
		End:         info.SuggestedWindow.End,
		Explanation: oneLine(info.ExplanationURL),
	}
	if info.RetryAfter != nil {
		answer.AskAgain = time.Until(*info.RetryAfter)
	}
	return answer, nil
}
