package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sluice/server"
)

// bashCompletion is what the script for bash builds on.
const bashCompletion = "/usr/share/bash-completion/bash_completion"

// completingShell is a shell as people have it, with the script where the help
// text of sluice completion puts it. HOME is a folder of the test's.
type completingShell struct {
	shell  string
	args   []string
	needs  string // besides the shell
	script string // below HOME
	start  string // a file below HOME that the shell reads when it starts
	says   string // and what is in it
	list   string // keys that show what begins with up
}

// failedID is the request that failed.
const failedID = "hj6hhcqft3s2p6tcfag8"

// "With it the Tab key completes the commands and flags of sluice, the Sites,
// Pools and servers of the configuration, and the IDs of requests that failed"
// (sluice completion --help).
func TestTabCompletesInRealShells(t *testing.T) {
	t.Parallel()
	for _, c := range []completingShell{
		{"bash", []string{"--noprofile", "--rcfile", "HOME/.bashrc", "-i"}, bashCompletion, "sluice.bash",
			".bashrc", "PS1='READY> '\n. " + bashCompletion + "\n. ~/sluice.bash\n", "sluice up\t\t"},
		{"zsh", []string{"-d", "-i"}, "", "functions/_sluice",
			".zshrc", "PS1='READY> '\nfpath=(~/functions $fpath)\nautoload -Uz compinit\ncompinit -D -u\n", "sluice up\t"},
		{"fish", []string{"-i"}, "", ".config/fish/completions/sluice.fish",
			".config/fish/config.fish", "set -g fish_greeting\nset -g fish_autosuggestion_enabled 0\nfunction fish_prompt; printf 'READY> '; end\n",
			"complete -C 'sluice up'\r"}, // it shows no list at a terminal as simple as ours
	} {
		t.Run(c.shell, func(t *testing.T) {
			t.Parallel()
			path := program(t, c.shell)
			if _, err := os.Stat(c.needs); c.needs != "" && err != nil {
				t.Skipf("skipped: bash-completion is not installed: %v", err)
			}
			home := c.home(t)
			for i := range c.args {
				c.args[i] = strings.Replace(c.args[i], "HOME", home, 1)
			}
			cmd := exec.Command(path, c.args...)
			cmd.Dir = home
			cmd.Env = []string{"HOME=" + home, "PATH=" + filepath.Dir(built) + ":" + os.Getenv("PATH"), "TERM=dumb", "LC_ALL=C.UTF-8"}
			x := openTerminal(t, cmd)
			eventually(t, 3*patience, "the shell is ready", func() bool { return x.shown.has("READY> ") })
			x.typed(t, c.list)
			eventually(t, patience, "what begins with up", func() bool {
				return x.shown.has("upgrade") && x.shown.has("Put a new version") && x.shown.has("upstream") && x.shown.has("Drain an Upstream")
			})
			x.typed(t, "\x15") // never mind
			completesAll(t, x, home)
		})
	}
}

// home returns a folder with what the shell reads there and a configuration.
func (c completingShell) home(t *testing.T) (folder string) {
	t.Helper()
	admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode([]server.FailureStatus{{Time: time.Now(), ID: failedID, Status: 504}})
	}))
	t.Cleanup(admin.Close)
	config := fmt.Sprintf(`[server]
admin = %q
[[site]]
hosts = ["shop.example.com", "*.shop.example.com"]
tls = "self-signed"
upstream = "app"
[[site]]
hosts = ["www.example.com"]
tls = "self-signed"
upstream = "web"
[upstream.app]
servers = ["127.0.0.1:3001"]
[upstream.web]
servers = ["127.0.0.1:3002"]
`, admin.Listener.Addr())
	script := command(t, "", built, "completion", c.shell).stdout
	folder = t.TempDir()
	for file, text := range map[string]string{c.script: script, c.start: c.says, "sluice.toml": config, "of shop.toml": config} {
		file = filepath.Join(folder, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// completesAll types into a shell whose HOME has a configuration.
func completesAll(t *testing.T, x *terminal, home string) {
	for _, tt := range []struct{ typed, want string }{
		{"stat", "status"},
		{"status --al", "status --all"},
		{"help maintenance of", "help maintenance off"},
		{"completion z", "completion zsh"},
		{"status -c ~/sluice.toml --pool a", "status -c HOME/sluice.toml --pool app"},
		{"status -c ~/sluice.toml --pool=a", "status -c HOME/sluice.toml --pool=app"},
		{"maintenance on -c ~/sluice.toml w", "maintenance on -c HOME/sluice.toml www.example.com"},
		{"maintenance on -c ~/sluice.toml ", "maintenance on -c HOME/sluice.toml"}, // one of three
		{"certs renew -c ~/sluice.toml sh", "certs renew -c HOME/sluice.toml shop.example.com"},
		{"purge -c ~/sluice.toml https://s", "purge -c HOME/sluice.toml https://shop.example.com/"},
		{"upstream drain -c ~/sluice.toml app ", "upstream drain -c HOME/sluice.toml app 127.0.0.1:3001"},
		{"upstream drain -c ~/sluice.toml web 127.0.0.1:", "upstream drain -c HOME/sluice.toml web 127.0.0.1:3002"},
		{"why -c ~/sluice.toml hj", "why -c HOME/sluice.toml " + failedID},
		{"check --config " + home + "/slu", "check --config HOME/sluice.toml"},
		{"maintenance on -c ~/of\\ shop.toml w", "maintenance on -c HOME/of|shop.toml www.example.com"},
		{"maintenance on -c '" + home + "/of shop.toml' w", "maintenance on -c HOME/of|shop.toml www.example.com"},
		// What stands in quotes is nothing for a shell to run.
		{"why 'a;touch ran' ", "why a;touch|ran"},
		{"why 'a&touch ran' ", "why a&touch|ran"},
		{"why 'a$(touch ran)' ", "why a$(touch|ran)"},
		{"why 'a(touch ran)' ", "why a(touch|ran)"},
		{"purge 'https://shop.example.com/?a=1' -c ~/sluice.t", "purge https://shop.example.com/?a=1 -c HOME/sluice.toml"},
	} {
		want := "<sluice>"
		for _, word := range strings.Fields(tt.want) {
			word = strings.ReplaceAll(word, "|", " ")
			want += "<" + strings.Replace(word, "HOME", home, 1) + ">"
		}
		if got := x.completed(t, "sluice "+tt.typed); got != want+"<end>" {
			t.Errorf("%q and Tab became %s, want %s<end>", tt.typed, got, want)
		}
	}
	if _, err := os.Stat(filepath.Join(home, "ran")); err == nil {
		t.Error("Tab has run what stood in quotes")
	}
}

// words are those of a command, as the shell gives them to a program.
var words = regexp.MustCompile(`<sluice>.*<end>`)

// completed types a command and Tab, and returns the words that it has become:
// another command shows them, which is put before it.
func (x *terminal) completed(t *testing.T, typed string) (got string) {
	t.Helper()
	const home = "\x01"
	from := len(x.shown.text())
	x.typed(t, typed+"\t end"+home+"printf '<%s>' \r")
	eventually(t, patience, "the words of "+typed, func() bool {
		got = words.FindString(x.since(from))
		return got != ""
	})
	eventually(t, patience, "the shell is ready again", func() bool {
		_, after, _ := strings.Cut(x.since(from), got)
		return strings.Contains(after, "READY> ")
	})
	return got
}
