package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// attackCommand is the first argument of a bench that is an attacker and
// nothing else.
const attackCommand = "attack"

// attackSlack is how much longer than its phase an attacker lives if nobody
// stops it.
const attackSlack = 30 * time.Second

// attackProcess is an attacker in a process of its own, on a core of its own:
// sharing either, it would keep the client waiting whatever the proxy does.
type attackProcess struct {
	*process
	words string // file that takes what it says: that it has begun, and its tally
}

// startAttack starts the attack and waits until it has begun. The caller must
// stop it.
func (m *measurement) startAttack(ctx context.Context) (*attackProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("path of the bench itself: %w", err)
	}
	_, pin := m.layout.load.split()
	c := command{
		name: "attacker",
		argv: []string{self, attackCommand,
			"-name", m.attack.name,
			"-port", strconv.Itoa(m.setup.HTTPS),
			"-cert", m.cert.cert,
			"-limit", (m.length() + attackSlack).String()},
		env:    []string{"GOMAXPROCS=2"}, // one that writes, one that reads
		dir:    m.setup.Dir,
		out:    filepath.Join(m.setup.Dir, "attacker.txt"),
		stdout: filepath.Join(m.setup.Dir, "attacker.json"),
		pin:    pin,
	}
	started, err := c.start(m.tools.taskset)
	if err != nil {
		return nil, err
	}
	k := &attackProcess{process: started, words: c.stdout}
	if err := k.awaitBegin(ctx); err != nil {
		return nil, stopAfter(started, err)
	}
	return k, nil
}

// awaitBegin waits until the attacker has said something.
func (k *attackProcess) awaitBegin(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for {
		if info, err := os.Stat(k.words); err == nil && info.Size() > 0 {
			return nil
		}
		select {
		case <-ticker.C:
		case <-k.done:
			return fmt.Errorf("the attacker ended before it began; it printed:\n%s", k.output())
		case <-ctx.Done():
			return fmt.Errorf("the attack did not begin: %w; it printed:\n%s", ctx.Err(), k.output())
		}
	}
}

// stop ends the attack and returns what it counted.
func (k *attackProcess) stop() (tally, error) {
	if err := k.process.stop(); err != nil {
		return tally{}, err
	}
	f, err := os.Open(k.words)
	if err != nil {
		return tally{}, fmt.Errorf("the attacker's words: %w", err)
	}
	defer f.Close()
	var begun string
	var t tally
	d := json.NewDecoder(f)
	if err := errors.Join(d.Decode(&begun), d.Decode(&t)); err != nil {
		return tally{}, fmt.Errorf("the attacker's words: %w; it printed:\n%s", err, k.output())
	}
	return t, nil
}

// runAttack is the other end: it attacks until it is told to stop and says what
// it counted.
func runAttack(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet(attackCommand, flag.ContinueOnError)
	name := flags.String("name", "", "")
	port := flags.Int("port", 0, "")
	cert := flags.String("cert", "", "")
	limit := flags.Duration("limit", attackSlack, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	a, err := findAttack(*name)
	if err != nil {
		return err
	}
	p := newProbe(*port)
	p.name, p.pool = benchHost, x509.NewCertPool()
	pem, err := os.ReadFile(*cert)
	if err != nil {
		return fmt.Errorf("the proxy's certificate: %w", err)
	}
	p.pool.AppendCertsFromPEM(pem)

	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	words := json.NewEncoder(os.Stdout)
	k := newAttacker(a, p, *limit)
	k.begun = func() { _ = words.Encode("begun") } // without it the bench waits in vain and says so
	return words.Encode(k.run(ctx))
}
