// Command bench runs Sluice, nginx, HAProxy and Caddy side by side on one
// machine and prints how much CPU and memory each spends on the same work.
//
//	wrk (load cores) --TLS--> proxy (its own cores) --HTTP/1.1--> nginx (origin core, three ports)
//
// Every round measures each proxy once, in rotating order and freshly started,
// and the figures are medians over the rounds. CPU is read from /proc and
// divided by what wrk counted, so it does not depend on how fast the load
// generator is. It is a report, not a test: no figure makes it fail, only a
// wrong answer, a socket error or a proxy that does not start.
//
// Latency is measured only where load is offered in an open loop: beside an
// attack (H2ABUSE) and under overload (P7). All other load is closed loop.
//
// With -cache-tests it measures nothing, and runs the public test suite of HTTP
// caches against Sluice and its peers instead.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	work := run
	args := os.Args[1:]
	if len(args) > 0 {
		switch args[0] {
		case attackCommand:
			work, args = runAttack, args[1:]
		case workersCommand:
			work, args = runWorkers, args[1:]
		}
	}
	err := work(ctx, args)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	only     []string // work IDs; empty: all
	rounds   int
	seconds  int
	who      []string      // names of entrants, or parts of them; empty: all
	overload time.Duration // length of the load that P7 is judged by
	clients  int           // that P7's visits come from
	out      string        // results file; empty: named by date and commit
	sluice   string        // binary to measure; empty: built from the checkout

	cacheTests bool   // test caches instead of measuring
	suite      string // folder of the cache tests; empty: fetched by npm
	dump       string // the one cache test whose traffic is wanted; empty: all are run
}

// parseOptions reads the command line.
func parseOptions(args []string) (options, error) {
	var o options
	var only, who string
	var overload int
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&only, "only", "", "comma-separated `IDs` of the work to measure, such as P1,P4 (default all)")
	flags.IntVar(&o.rounds, "rounds", 5, "`times` each proxy is measured")
	flags.IntVar(&o.seconds, "seconds", 6, "`length` of one measurement in seconds, 1 to 40")
	flags.StringVar(&who, "who", "", "comma-separated `names`, or parts of them, of those to measure, such as nginx (default all)")
	flags.IntVar(&overload, "overload", 60, "`length` in seconds of the overload that P7 is judged by, 1 to 600; its other loads last a third of that")
	flags.IntVar(&o.clients, "clients", 10000, "`number` of client addresses in P7, 1 to 1000000")
	flags.StringVar(&o.out, "out", "", "results `file` (default bench/results/DATE-COMMIT.md)")
	flags.StringVar(&o.sluice, "sluice", "", "sluice binary `path` (default: built from this checkout)")
	flags.BoolVar(&o.cacheTests, "cache-tests", false, "run the public test suite of HTTP caches instead, from the folder given as last argument or by npm")
	flags.StringVar(&o.dump, "dump", "", "with -cache-tests: `ID` of the one test to run, with all that is said")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	rest := flags.Args()
	if o.cacheTests && len(rest) > 0 {
		o.suite, rest = rest[0], rest[1:]
	}
	if len(rest) > 0 {
		return o, fmt.Errorf("unexpected argument %q", rest[0])
	}
	if o.dump != "" && !o.cacheTests {
		return o, fmt.Errorf("-dump goes with -cache-tests")
	}
	if o.rounds < 1 || o.seconds < 1 || o.seconds > 40 {
		return o, fmt.Errorf("-rounds must be at least 1 and -seconds from 1 to 40")
	}
	if overload < 1 || overload > 600 || o.clients < 1 || o.clients > 1e6 {
		return o, fmt.Errorf("-overload must be from 1 to 600 and -clients from 1 to 1000000")
	}
	o.overload = time.Duration(overload) * time.Second
	o.only, o.who = words(only), words(who)
	return o, nil
}

// words are what stands between the commas of a list.
func words(list string) []string {
	var all []string
	for word := range strings.SplitSeq(list, ",") {
		if word = strings.TrimSpace(word); word != "" {
			all = append(all, word)
		}
	}
	return all
}

// run measures what the command line asks for and writes the report.
func run(ctx context.Context, args []string) error {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	if o.cacheTests {
		return runCacheTests(ctx, o)
	}
	works, err := chooseWorks(allWorks(), o.only)
	if err != nil {
		return err
	}
	b, err := prepare(ctx, o)
	if err != nil {
		return err
	}
	defer b.remove()

	results, err := b.measureAll(ctx, works)
	if err != nil {
		return err
	}
	if err := b.savePlots(results); err != nil {
		return err
	}
	text := b.report(results)
	fmt.Print(text)
	if err := writeResults(b.resultsPath(), text); err != nil {
		return err
	}
	return firstFailure(results)
}

// writeResults saves the report, creating its folder.
func writeResults(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("results folder: %w", err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("results file: %w", err)
	}
	fmt.Fprintln(os.Stderr, "written to", path)
	return nil
}
