package cachesuite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrNoNode says that this machine cannot run the suite.
var ErrNoNode = errors.New("node is not installed; install it with npm:\n  apt-get install nodejs npm")

// Suite is a copy of the suite that can be run. Its methods may be called at
// the same time.
type Suite struct {
	Version string // as its package.json has it; the state after the release 0.4.5 says 0.4.5, too

	dir    string // where its scripts expect to be run
	node   string
	client string // scripts, from dir
	server string
}

// layouts are where the scripts stand: in the newest state and in the release
// 0.4.5, in the folder itself or as npm has put it into another package.
var layouts = []struct{ root, client, server string }{
	{".", "test-engine/cli.mjs", "test-engine/server/server.mjs"},
	{".", "cli.mjs", "server/server.mjs"},
	{"node_modules/http-cache-tests", "test-engine/cli.mjs", "test-engine/server/server.mjs"},
	{"node_modules/http-cache-tests", "cli.mjs", "server/server.mjs"},
}

// Open finds the suite in a folder: a checkout in which its dependencies are
// installed, or a folder in which npm has installed the suite. It returns
// ErrNoNode where there is no node.
func Open(dir string) (*Suite, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, ErrNoNode
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("the suite's folder: %w", err)
	}
	for _, l := range layouts {
		root := filepath.Join(dir, l.root)
		if isFile(filepath.Join(root, l.client)) && isFile(filepath.Join(root, l.server)) {
			s := &Suite{dir: root, node: node, client: l.client, server: l.server}
			s.Version, err = readVersion(root)
			return s, err
		}
	}
	return nil, fmt.Errorf("%s holds no http-cache-tests: no cli.mjs and server/server.mjs, here or in test-engine", dir)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// readVersion reads package.json.
func readVersion(root string) (string, error) {
	data, err := readBounded(filepath.Join(root, "package.json"))
	if err != nil {
		return "", err
	}
	var about struct{ Version string }
	if err := json.Unmarshal(data, &about); err != nil {
		return "", fmt.Errorf("the suite's package.json: %w", err)
	}
	return about.Version, nil
}

// readBounded reads a file of the suite that must not be longer than any of
// its files has reason to be.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the suite: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, mostPrinted+1))
	if err != nil {
		return nil, fmt.Errorf("the suite: %w", err)
	}
	if len(data) > mostPrinted {
		return nil, fmt.Errorf("the suite: %s is longer than %d bytes", path, mostPrinted)
	}
	return data, nil
}

// catalogueScript prints the cases, and what results are published. The release
// 0.4.5 tests Surrogate-Control besides, which is no standard and which later
// states have dropped: tests/index.mjs does not hold it.
const catalogueScript = `
const groups = (await import('./tests/index.mjs')).default
const records = (await import('./results/index.mjs')).default
console.log(JSON.stringify({ groups, records }))`

// Catalogue reads the suite's cases.
func (s *Suite) Catalogue(ctx context.Context) (*Catalogue, error) {
	cmd := program(ctx, s.dir, s.node, "--input-type=module", "-e", catalogueScript)
	cmd.Env = suiteEnvironment(nil)
	text, err := runToEnd(ctx, cmd)
	if err != nil {
		return nil, fmt.Errorf("the suite's cases: %w", err)
	}
	return ParseCatalogue([]byte(text))
}

// Published reads the results of a Record.
func (s *Suite) Published(r Record) (Results, error) {
	if !filepath.IsLocal(r.File) {
		return nil, fmt.Errorf("the suite's record of %s: bad file name %q", r.Name, r.File)
	}
	data, err := readBounded(filepath.Join(s.dir, "results", r.File))
	if err != nil {
		return nil, err
	}
	return ParseResults(data)
}

// Run runs all cases against the proxy at base, such as "http://127.0.0.1:8080",
// which must be before an Origin. It takes about a minute, and ends with ctx.
func (s *Suite) Run(ctx context.Context, base string) (Results, error) {
	text, err := s.ask(ctx, base, "")
	if err != nil {
		return nil, err
	}
	return ParseResults([]byte(text))
}

// Dump runs one case, of whatever it depends on regardless, and returns the
// requests and responses as the client saw them, with the verdict. The Origin's
// Output has them as the origin saw them.
func (s *Suite) Dump(ctx context.Context, base, id string) (string, error) {
	return s.ask(ctx, base, id)
}

// ask runs the suite's client.
func (s *Suite) ask(ctx context.Context, base, id string) (string, error) {
	cmd := program(ctx, s.dir, s.node, "--no-warnings", s.client)
	cmd.Env = suiteEnvironment(map[string]string{"base": base, "id": id})
	text, err := runToEnd(ctx, cmd)
	if err != nil {
		return "", fmt.Errorf("the suite's client: %w", err)
	}
	return text, nil
}
