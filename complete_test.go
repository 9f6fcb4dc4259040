package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"sluice/server"
)

// completed returns what a shell gets for the last of args.
func completed(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	c := newCommand()
	c.SetOut(&out)
	c.SetErr(new(bytes.Buffer))
	c.SetArgs(append([]string{"__complete"}, args...))
	if err := c.Execute(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestCompletionKnowsTheConfiguration(t *testing.T) {
	admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		evil := *failure()
		evil.ID = "$(id)"
		answer(w, []server.FailureStatus{*failure(), evil})
	}))
	defer admin.Close()
	file := configFile(t, admin.Listener.Addr().String(), "")
	const noFiles, noSpace, order, ext = ":4\n", ":6\n", ":36\n", ":8\n"
	for _, tt := range []struct {
		line string
		want string // beginning of what comes before the directive, and that
		not  string
	}{
		{"maintenance on -c FILE ", "shop.example.com\n*.shop.example.com\nwww.example.com\n" + noFiles, ""},
		{"maintenance off -c FILE w", "www.example.com\n" + noFiles, "shop"},
		{"maintenance on -c FILE www.example.com ", noFiles, "shop"},
		{"maintenance on -c /nowhere ", noFiles, ""},
		{"certs renew -c FILE shop", "shop.example.com\n" + noFiles, "www"},
		{"purge -c FILE ", "https://shop.example.com/\nhttps://www.example.com/\n" + noSpace, "*"},
		{"status -c FILE --al", "--all\tleave nothing out", "--json"},
		{"status -c FILE --pool ", "app\nweb\n" + noFiles, ""},
		{"upstream drain -c FILE ", "app\nweb\n" + noFiles, ""},
		{"upstream drain -c FILE app ", "127.0.0.1:3001\n" + noFiles, "3002"},
		{"upstream weight -c FILE web 127.0.0.1:3002 ", noFiles, "3002"},
		{"why -c FILE ", "hj6hhcqft3s2p6tcfag8\t504, ", "$"},
		{"run --config ", "toml\n" + ext, ""},
		{"certs renew --config ", "toml\n" + ext, ""},
		{"completion ", "bash\nzsh\nfish\n" + noFiles, "powershell"},
		{"stat", "status\tShow how", ""},
		{"help maintenance o", "off\tOpen", ""},
	} {
		args := strings.Split(tt.line, " ")
		for i := range args {
			if args[i] == "FILE" {
				args[i] = file
			}
		}
		got := completed(t, args...)
		if !strings.HasPrefix(got, tt.want) && !strings.Contains(got, "\n"+tt.want) {
			t.Errorf("%s: got\n%swant\n%s", tt.line, got, tt.want)
		}
		if tt.not != "" && strings.Contains(got, tt.not) {
			t.Errorf("%s: %q is in\n%s", tt.line, tt.not, got)
		}
	}
}

func TestScriptsOfCompletionParse(t *testing.T) {
	for _, tt := range []struct {
		shell string
		check []string
	}{
		{"bash", []string{"bash", "-n"}}, {"zsh", []string{"zsh", "-n"}}, {"fish", []string{"fish", "--no-execute"}},
	} {
		t.Run(tt.shell, func(t *testing.T) {
			var script bytes.Buffer
			c := newCommand()
			c.SetOut(&script)
			c.SetArgs([]string{"completion", tt.shell})
			if err := c.Execute(); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(script.String(), "__complete") {
				t.Fatalf("this is no script of completion: %q", script.String())
			}
			program, err := exec.LookPath(tt.check[0])
			if err != nil {
				t.Skipf("%s is not installed", tt.shell)
			}
			check := exec.CommandContext(t.Context(), program, tt.check[1:]...)
			check.Stdin = &script
			if said, err := check.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, said)
			}
		})
	}
}

func TestThereAreNoOtherScripts(t *testing.T) {
	c := newCommand()
	c.SetOut(new(bytes.Buffer))
	c.SetArgs([]string{"completion", "powershell"})
	if err := c.Execute(); err == nil || !strings.Contains(err.Error(), "powershell") {
		t.Errorf("error %v", err)
	}
}
