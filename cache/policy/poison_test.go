package policy

import (
	"strings"
	"testing"
)

func TestPoisonable(t *testing.T) {
	for _, name := range []string{
		"X-Forwarded-Host", "Forwarded", "X-Host", "X-Forwarded-Server", "X-HTTP-Host-Override", "X-Original-URL",
		"X-Rewrite-URL", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Forwarded-Scheme",
		"X-Forwarded-Prefix", "X-Original-Host", "X-Forwarded-Path", "Front-End-Https", "X-Url-Scheme",
		"X-Forwarded-Ssl", "X-Forwarded-Protocol", "X-Forwarded-Uri", "X-Forwarded-Anything", "X_Forwarded_Host", "X_Original_URL",
		"x-middleware-subrequest", "X-Now-Route-Matches", "X-Forwarded", "X-Forwarded-Foo", "X-Forwarded-Path1",
	} {
		for _, spelt := range []string{name, strings.ToUpper(name), strings.ToLower(name)} {
			if !Poisonable(fields("Accept: x", spelt+": y")) {
				t.Errorf("%s goes unnoticed", spelt)
			}
		}
	}
	for _, name := range []string{
		"Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Real-IP", "Cookie", "User-Agent", "Accept",
		"X-Requested-With", "Referer", "Origin", "X-Hosts", "X-Hos", "X-Original-UR", "X-Original-URLs", "", "X-Forwarded-",
		"Sec-Fetch-Mode", "Upgrade-Insecure-Requests", "X.Original.URL", strings.Repeat("x", 300),
	} {
		if Poisonable(fields(name + ": y")) {
			t.Errorf("%s is taken for poison", name)
		}
	}
}

func TestTablesAreInOrder(t *testing.T) {
	for n, names := range poisonous {
		for _, s := range names {
			if len(s) != n || s != strings.ToLower(s) || strings.Contains(s, "_") {
				t.Errorf("poisonous: %q under %d", s, n)
			}
		}
	}
	for n, words := range credentialWords {
		for _, s := range words {
			if len(s) != n || s != strings.ToLower(s) {
				t.Errorf("credentialWords: %q under %d", s, n)
			}
		}
	}
	for n, s := range spellings {
		for _, s := range s {
			if len(s.lower) != n || s.lower != strings.ToLower(s.lower) {
				t.Errorf("spellings: %q under %d", s.lower, n)
			}
		}
	}
	for n, k := range kinds {
		for _, k := range k {
			if len(k.lower) != n || kindOf([]byte(strings.ToUpper(k.lower))) != k.kind {
				t.Errorf("kinds: %q under %d", k.lower, n)
			}
		}
	}
}
