package dnsapi

import (
	"errors"
	"fmt"
	"strings"
)

// httpFault is why a call of an API failed: an Error without its record. Its
// methods may be called on nil, which is no failure.
type httpFault struct {
	code   string // the provider's; may be empty
	cause  error  // fit to be told
	remedy string // may be empty
	again  bool   // the provider did nothing but ask for patience
}

// about makes of f what Add and Remove return.
func (f *httpFault) about(provider, action string, r Record) error {
	if f == nil {
		return nil
	}
	return &Error{Provider: provider, Action: action, Record: r, Code: f.code, Cause: f.cause, Remedy: f.remedy}
}

// is reports whether f is the provider's refusal with one of the codes.
func (f *httpFault) is(codes ...string) bool {
	if f == nil || f.code == "" {
		return false
	}
	for _, code := range codes {
		if f.code == code {
			return true
		}
	}
	return false
}

// relativeName is r's name within its zone, "@" for the zone itself. It refuses
// records that no provider would take.
func relativeName(r Record) (string, *httpFault) {
	const inner = "have this reported as an error of sluice"
	if r.Zone == "" || r.Value == "" || len(r.Value) > 255 {
		return "", &httpFault{cause: errors.New("a record needs a zone and a text of 1 to 255 bytes"), remedy: inner}
	}
	if r.Name == r.Zone {
		return "@", nil
	}
	label, ok := strings.CutSuffix(r.Name, "."+r.Zone)
	if !ok || label == "" {
		return "", &httpFault{cause: fmt.Errorf("%s is not a name in zone %s", r.Name, r.Zone), remedy: inner}
	}
	return label, nil
}

// readSecret asks for a secret of a call; what names it. White space around it,
// such as the line end of a file, is not part of it.
func readSecret(what string, ask Secret) (string, *httpFault) {
	remedy := "check the setting that says where the " + what + " is"
	if ask == nil {
		return "", &httpFault{cause: fmt.Errorf("the %s is not set", what), remedy: remedy}
	}
	secret, err := ask()
	if err != nil {
		return "", &httpFault{cause: fmt.Errorf("read the %s: %w", what, err), remedy: remedy}
	}
	secret = strings.TrimSpace(secret)
	switch {
	case secret == "":
		return "", &httpFault{cause: fmt.Errorf("the %s is empty", what), remedy: remedy}
	case !visible(secret):
		return "", &httpFault{cause: fmt.Errorf("the %s has characters that no %s has", what, what),
			remedy: "check that nothing but the " + what + " is there, on one line"}
	}
	return secret, nil
}

// visible reports whether secret can be sent in a header: it is of ASCII's
// characters that can be seen.
func visible(secret string) bool {
	for i := range len(secret) {
		if secret[i] <= ' ' || secret[i] > '~' {
			return false
		}
	}
	return true
}
