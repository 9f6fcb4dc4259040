package server

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"sluice/certs/certstest"
	"sluice/config"
)

// Each text that a Config can hold has a rule: who adds one decides whether it is
// a secret. What has none would be masked.
func TestEachTextOfAConfigHasARule(t *testing.T) {
	texts := map[string]bool{}
	walkConfig(t, reflect.TypeFor[config.Config](), "", texts)
	delete(texts, "Config.File")
	for field := range texts {
		if textRules[field] == nil {
			t.Errorf("%s: say in textRules how it is shown", field)
		}
	}
	for field := range textRules {
		if !texts[field] {
			t.Errorf("%s: there is no such text", field)
		}
	}
}

// walkConfig notes the texts of a type, and wants that shownValue knows the rest.
func walkConfig(t *testing.T, of reflect.Type, field string, texts map[string]bool) {
	switch {
	case of == reflect.TypeFor[config.Secret](), of == reflect.TypeFor[config.Address](), of == reflect.TypeFor[config.Upstream](),
		of.PkgPath() == "time", of.PkgPath() == "net/netip":
	case of == reflect.TypeFor[string](), of == reflect.TypeFor[[]byte]():
		texts[field] = true
	case of.Kind() == reflect.Slice:
		walkConfig(t, of.Elem(), field, texts)
	case of.Kind() == reflect.Struct:
		for i := range of.NumField() {
			if f := of.Field(i); f.IsExported() {
				walkConfig(t, f.Type, of.Name()+"."+f.Name, texts)
			}
		}
	default:
		if got := shownValue(reflect.Zero(of), field); got == masked {
			t.Errorf("%s: a %v is not shown", field, of)
		}
	}
}

// allOn is the example with all settings on, whose files are in a folder and
// hold secrets where they should.
func allOn(t *testing.T, secret string) *config.Config {
	t.Helper()
	data, err := os.ReadFile("../config.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ca := certstest.NewCA(t)
	certFile, keyFile := ca.Issue(t, certstest.Leaf{Names: []string{"shop.example.com"}}).Write(t, dir)
	cert, _ := os.ReadFile(certFile)
	key, _ := os.ReadFile(keyFile)
	text := regexp.MustCompile(`(?m)^#([^ \n])`).ReplaceAllString(string(data), "$1")
	// Each secret, by the environment or by a file.
	names := regexp.MustCompile(`"env:([A-Z_]+)"`).FindAllStringSubmatch(text, -1)
	if len(names) < 4 {
		t.Fatalf("the example has %d secrets", len(names))
	}
	for i, name := range names {
		t.Setenv(name[1], secret)
		if i%2 == 0 {
			text = strings.ReplaceAll(text, `"env:`+name[1]+`"`, `"file:secret.txt"`)
		}
	}
	for name, data := range map[string][]byte{
		"secret.txt": []byte(secret + "\n"), "cert.pem": cert, "key.pem": key, "ca.pem": cert, "fullchain.pem": cert, "privkey.pem": key,
		"client.pem": cert, "client-key.pem": key, "degraded.html": []byte("<p>busy</p>"), "servers.txt": []byte("10.0.0.2:3000\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Parse(filepath.Join(dir, "sluice.toml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// "config in force with secrets masked": none of the keys shows what it holds,
// nor where.
func TestNoSecretIsShown(t *testing.T) {
	const secret = "sentinel-sentinel-sentinel"
	c := allOn(t, secret)
	text, err := json.Marshal(shownConfig(c))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{secret, "sentinel", "secret.txt", "env:", "PRIVATE KEY", "BEGIN"} {
		if strings.Contains(string(text), bad) {
			t.Errorf("%q is shown:\n%s", bad, text)
		}
	}
	if n := strings.Count(string(text), `"***"`); n < 4 {
		t.Errorf("%d secrets are masked:\n%s", n, text)
	}
	if c.ACME.DNS.Command = []string{"/hook", secret}; strings.Contains(asJSON(t, shownConfig(c)), secret) {
		t.Error("an argument is shown")
	}
	c.Pools[0].Health.Path = "/healthz?token=" + secret
	if got := asJSON(t, shownConfig(c)); strings.Contains(got, secret) || !strings.Contains(got, `"/healthz?***"`) {
		t.Error("a query is shown")
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Values are written as the file has them, each Site and Pool with its line.
func TestTheConfigurationInForceIsShown(t *testing.T) {
	t.Setenv("SLUICE_TEST_TOKEN", adminSecret)
	s := byFile(t, "admin_token = \"env:SLUICE_TEST_TOKEN\"\nheader_timeout = \"7s\"", plainSite("127.0.0.1:1"))
	get := func() (shown ConfigShown) {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, "http://"+s.Admin().String()+"/config", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+adminSecret)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if err := json.NewDecoder(answer.Body).Decode(&shown); err != nil {
			t.Fatal(err)
		}
		return shown
	}
	shown := get()
	server := shown.Server.(map[string]any)
	for key, want := range map[string]any{
		"admin_token": "***", "header_timeout": "7s", "http": "127.0.0.1:0", "max_fields": 128.0, "admin_socket_mode": "0600", "pprof": false,
	} {
		if server[key] != want {
			t.Errorf("server.%s: %v, want %v", key, server[key], want)
		}
	}
	site, pool := shown.Sites[0], shown.Upstreams[0]
	if site["at"] != s.file+":11" || pool["at"] != s.file+":15" || site["upstream"] != "main" || pool["name"] != "main" {
		t.Errorf("%v\n%v", site["at"], pool["at"])
	}
	if got := asJSON(t, pool["servers"]); got != `["127.0.0.1:1"]` || pool["max_concurrency"] != "off" {
		t.Errorf("%s %v", got, pool["max_concurrency"])
	}
	s.reloads("admin_token = \"env:SLUICE_TEST_TOKEN\"\nheader_timeout = \"8s\"", plainSite("127.0.0.1:1 weight=3"))
	shown = get()
	if got := asJSON(t, shown.Upstreams[0]["servers"]); got != `["127.0.0.1:1 weight=3"]` || shown.Server.(map[string]any)["header_timeout"] != "8s" {
		t.Errorf("after a reload: %s", got)
	}
}
