package server

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/admin"
)

const adminSecret = "0123456789abcdef"

// asked returns the status of a question to the admin server with a token.
func asked(t testing.TB, s *reloaded, path, token string) int {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+s.Admin().String()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// "A new token by reload is in force at once."
func TestTheTokenOfAdminByReload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(adminSecret)
	key, text := `admin_token = "file:`+file+`"`, plainSite("127.0.0.1:1")
	s := byFile(t, key, text)
	if none, wrong, right := asked(t, s, "/metrics", ""), asked(t, s, "/metrics", "x"), asked(t, s, "/metrics", adminSecret); none != 401 || wrong != 401 || right != 200 {
		t.Errorf("none %d, wrong %d, right %d", none, wrong, right)
	}
	if got := asked(t, s, "/healthz", ""); got != 200 {
		t.Errorf("healthz: %d", got)
	}
	if !s.diary.has("cause=wrong_token client=127.0.0.1:0") {
		t.Errorf("the wrong token is not told:\n%s", s.diary)
	}
	write("another-" + adminSecret)
	done := s.reloads(key, text)
	if got := strings.Join(done.Changes, "|"); got != "server.admin_token: another one is in force" {
		t.Errorf("changes %q", got)
	}
	if old, next := asked(t, s, "/metrics", adminSecret), asked(t, s, "/metrics", "another-"+adminSecret); old != 401 || next != 200 {
		t.Errorf("the old one %d, the new one %d", old, next)
	}
	write("short")
	if _, err := s.Reload(s.ctx); err == nil || !strings.Contains(err.Error(), "at least 16") {
		t.Errorf("a short one: %v", err)
	}
	if got := asked(t, s, "/metrics", "another-"+adminSecret); got != 200 {
		t.Errorf("after a reload that failed: %d", got)
	}
	s.reloads("", text)
	if got := asked(t, s, "/metrics", ""); got != 200 {
		t.Errorf("without a token: %d", got)
	}
	if s.diary.has(adminSecret) {
		t.Error("the log tells the token")
	}
}

// A reload that gives up the token and the address that it was for opens neither
// to those who are quick.
func TestTheTokenOfAnAddressThatIsGivenUp(t *testing.T) {
	t.Setenv("SLUICE_TEST_TOKEN", adminSecret)
	text := plainSite("127.0.0.1:1")
	s := byFile(t, `admin_token = "env:SLUICE_TEST_TOKEN"`, text)
	before := s.adminOptions(s.inForce.Load().doors.admin).Token
	if before() != admin.NewToken(adminSecret) {
		t.Error("it is another token")
	}
	s.reloads(unixAdmin(socketPath(t)), text)
	if before() != admin.NewToken("") {
		t.Error("somebody is let in")
	}
	if now := s.adminOptions(s.inForce.Load().doors.admin).Token(); now != (admin.Token{}) {
		t.Error("a token is wanted at the new address")
	}
}

// While the token cannot be read nobody is let in, and requests go on.
func TestATokenThatIsMissingLetsNobodyIn(t *testing.T) {
	t.Setenv("SLUICE_TEST_TOKEN", "")
	s := byFile(t, `admin_token = "env:SLUICE_TEST_TOKEN"`, plainSite(app(t, answering(hello))))
	if none, some := asked(t, s, "/metrics", ""), asked(t, s, "/metrics", adminSecret); none != 401 || some != 401 {
		t.Errorf("%d %d", none, some)
	}
	if !s.diary.has("SLUICE_TEST_TOKEN is not set") {
		t.Errorf("it is not told:\n%s", s.diary)
	}
	s.works("without the token")
}

// "a token on a private network address with a warning".
func TestAnOpenAdminAddressIsWarnedOf(t *testing.T) {
	t.Setenv("SLUICE_TEST_TOKEN", adminSecret)
	s := byFile(t, "admin = \"0.0.0.0:0\"\nadmin_token = \"env:SLUICE_TEST_TOKEN\"", plainSite("127.0.0.1:1"))
	if !s.diary.has("other machines reach the admin server") {
		t.Errorf("no warning:\n%s", s.diary)
	}
	s.write("", plainSite("127.0.0.1:1"))
	loopback := byFile(t, "", plainSite("127.0.0.1:1"))
	if loopback.diary.has("other machines reach") {
		t.Error("a warning for 127.0.0.1")
	}
}

// "pprof behind a switch", which a reload turns.
func TestProfilesByReload(t *testing.T) {
	text := plainSite("127.0.0.1:1")
	s := byFile(t, "", text)
	if got := asked(t, s, "/debug/pprof/heap", ""); got != 404 {
		t.Errorf("off: %d", got)
	}
	s.reloads("pprof = true", text)
	if got := asked(t, s, "/debug/pprof/heap", ""); got != 200 {
		t.Errorf("on: %d", got)
	}
}
