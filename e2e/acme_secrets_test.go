package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/certs/acmetest"
	"sluice/certs/certstest"
)

// wantNoSecret looks for a secret, in each form that it is likely to be written
// in, wherever the program says something or keeps something.
func (o *ordering) wantNoSecret(s *sluice, secret string) {
	o.t.Helper()
	forms := []string{secret, strings.TrimRight(secret, "=")}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		forms = append(forms, encoding.EncodeToString([]byte(secret)))
		if raw, err := encoding.DecodeString(secret); err == nil {
			forms = append(forms, string(raw), hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw))
		}
	}
	shown, told := o.certs(), o.certs("--json")
	texts := map[string]string{
		"/metrics": o.ask("/metrics"),
		"/certs":   o.ask("/certs"),
	}
	s.stop() // what it says last counts, too
	later := o.certs()
	for name, text := range map[string]string{
		"stdout of sluice run":          s.stdout.text(),
		"stderr of sluice run":          s.stderr.text(),
		"sluice certs":                  shown.stdout + shown.stderr,
		"sluice certs --json":           told.stdout + told.stderr,
		"sluice certs, without process": later.stdout + later.stderr,
	} {
		texts[name] = text
	}
	err := filepath.WalkDir(o.state, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		texts[path] = string(text)
		return err
	})
	if err != nil {
		o.t.Error(err)
	}
	for where, text := range texts {
		if text == "" && strings.HasPrefix(where, "/") {
			o.t.Errorf("%s says nothing", where)
		}
		for _, form := range forms {
			if strings.Contains(text, form) {
				o.t.Errorf("%s has the secret, as %q:\n%s", where, form, text)
			}
		}
	}
	// On a command line everybody on the machine can read it.
	if strings.Contains(strings.Join(s.cmd.Args, " "), secret) {
		o.t.Error("the test itself shows the secret")
	}
}

// "It holds no secrets" (of what is told of an order that failed): a secret
// that is wrong is told of as wrong, and never shown.
func TestACMESecretsAreNotShown(t *testing.T) {
	t.Parallel()
	const variable = "SLUICE_E2E_SECRET"
	eab := map[string]string{"kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"}
	const binding = "eab_key_id = \"kid-1\"\neab_key = \"env:" + variable + "\"\n"
	for _, tt := range []struct {
		name   string
		secret string
		eab    bool
		dns    bool
		tells  string // the log does
	}{
		{"a wrong key for the DNS", "d3JvbmcsIGJ1dCBpdCBsb29rcyByaWdodA==", false, true, "set the DNS record"},
		{"no key for the DNS", "hunter2-is_not-base64!", false, true, "set the DNS record"},
		{"a wrong key of the binding", "d3JvbmcsIGJ1dCBpdCBsb29rcyByaWdodCB0b28", true, false, "register the account"},
		{"a wrong key of the binding, by DNS", "d3JvbmcsIGJ1dCBpdCBsb29rcyByaWdodCB0b28", true, true, "register the account"},
		{"no key of the binding", "hunter2 is no base64url!", true, false, "not base64url"},
		{"no key of the binding, by DNS", "hunter2 is no base64url!", true, true, "not base64url"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			options := acmetest.Options{}
			if tt.eab {
				options.EAB = eab
			}
			ca := acmetest.Start(t, options)
			o := newOrdering(t, ca)
			o.env = append(o.env, variable+"="+tt.secret)
			switch {
			case tt.eab && tt.dns:
				o.acme = binding
				o.byDNSWithFile()
			case tt.eab:
				o.acme = binding
			default:
				o.byDNS("env:" + variable)
			}
			s := o.run()
			eventually(t, obtaining, "the log tells that the order failed", func() bool {
				return s.stderr.has("certificate not obtained") && s.stderr.has(tt.tells)
			})
			if c := o.status(shop); c.Failure == "" {
				t.Errorf("sluice certs --json: %+v", c)
			}
			o.wantIssued(shop, ca.Orders(shop), 0)
			o.wantNoSecret(s, tt.secret)
		})
	}
}

// The same where all is right: nothing of it is kept.
func TestACMESecretsThatAreRight(t *testing.T) {
	t.Parallel()
	const key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
	ca := acmetest.Start(t, acmetest.Options{EAB: map[string]string{"kid-1": key}})
	for _, by := range []string{"the ports", "the DNS"} {
		t.Run(by, func(t *testing.T) {
			o := newOrdering(t, ca)
			certstest.WriteFile(t, filepath.Join(o.dir, "eab"), []byte(key+"\n"))
			o.acme = "eab_key_id = \"kid-1\"\neab_key = \"file:eab\"\n"
			_, tsig := ca.TSIG()
			if by == "the DNS" {
				o.byDNSWithEnvironment()
			}
			s := o.run()
			o.obtained(s, shop)
			o.wantAnswer(s, shop)
			if by == "the DNS" {
				o.wantNoSecret(s, tsig)
				s = o.run()
			}
			o.wantNoSecret(s, key)
		})
	}
}

// "A secret stands in an environment variable, […] or alone in a file": one
// that is written into the configuration is refused, and not repeated.
func TestACMESecretInTheConfiguration(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	o := newOrdering(t, ca)
	const secret = "c2VjcmV0LCBhbmQgbm90IHRvIGJlIHNob3du"
	o.byDNS(secret)
	certstest.WriteFile(t, o.file, []byte(o.text()))
	for _, args := range [][]string{{"check"}, {"run"}, {"certs"}} {
		r := command(t, "", built, append(args, "--config", o.file)...)
		if r.status == 0 || !strings.Contains(r.stderr, "acme.dns.key: a secret must not stand in this file") {
			t.Errorf("%s: exit status %d, %q", args, r.status, r.stderr)
		}
		if strings.Contains(r.stdout+r.stderr, secret) {
			t.Errorf("%s shows the secret: %q", args, r.stderr)
		}
	}
}

// "they are asked for when they are needed": a secret that is not there yet is
// told of at the start, Sites are served, and once it is there (in a file, of
// which only the content is missing) the certificate is obtained.
func TestACMESecretThatComesLater(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	o := newOrdering(t, ca)
	o.sites = o.others()
	file := filepath.Join(o.dir, "tsig")
	certstest.WriteFile(t, file, []byte("\n"))
	o.byDNS("file:tsig")
	s := o.run()
	eventually(t, obtaining, "the log tells of the secret", func() bool {
		return s.stderr.has(`msg="a secret is missing; certificates that need it will not be obtained" key=acme.dns.key`) && s.stderr.has("certificate not obtained")
	})
	o.wantOthers(s)
	_, secret := ca.TSIG()
	certstest.WriteFile(t, file, []byte(secret))
	o.renew(shop)
	o.obtained(s, shop)
	o.wantAnswer(s, shop)
}
