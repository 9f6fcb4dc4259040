package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"sluice/bench/cachesuite"
)

const (
	// cacheTestsLimit is how long all of the cache tests may take together.
	cacheTestsLimit = 4*time.Minute + 30*time.Second
	// unknownPath is one that the suite's origin answers with 404, whatever has
	// been asked before.
	unknownPath = "/state/none"
)

// cacheTests is one run of the suite against all caches.
type cacheTests struct {
	*bench
	suite     *cachesuite.Suite
	catalogue *cachesuite.Catalogue
	origin    *cachesuite.Origin
}

// cacheResult is what the suite found in one cache.
type cacheResult struct {
	name, version string
	note          string // what a reader must know; empty: nothing
	missing       string // why it was not tested; empty: it was
	failed        error  // why there are no results
	results       cachesuite.Results
	verdicts      cachesuite.Verdicts
}

// runCacheTests runs the public test suite of HTTP caches and writes the
// report. With -dump it runs one test and prints what is said.
func runCacheTests(ctx context.Context, o options) error {
	ctx, cancel := context.WithTimeout(ctx, cacheTestsLimit)
	defer cancel()
	b, err := prepareCacheTests(ctx, o)
	if err != nil {
		return err
	}
	text, failed := b.testCaches(ctx)
	b.remove() // before anything is printed: who reads it may have gone, and take us along
	fmt.Print(text)
	if text == "" || o.dump != "" {
		return failed
	}
	if err := writeResults(b.resultsPath(), text); err != nil {
		return err
	}
	return failed
}

// testCaches runs the suite between the start and the end of its origin, and
// returns what is to be printed.
func (b *bench) testCaches(ctx context.Context) (string, error) {
	c := &cacheTests{bench: b}
	if err := c.open(ctx); err != nil {
		return "", err
	}
	var err error
	if c.origin, err = c.suite.StartOrigin(ctx); err != nil {
		return "", err
	}
	defer c.origin.Stop()
	if c.dump != "" {
		return c.dumpAll(ctx)
	}
	results := c.testAll(ctx)
	text, err := c.report(ctx, results)
	if err != nil {
		return "", err
	}
	return text, firstUntested(results)
}

// prepareCacheTests is prepare without what only measuring needs.
func prepareCacheTests(ctx context.Context, o options) (*bench, error) {
	taskset, err := lookUp("taskset")
	if err != nil {
		return nil, fmt.Errorf("taskset is missing; install it:\n  apt-get install util-linux")
	}
	m, err := readMachine()
	if err != nil {
		return nil, err
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(temporaryRoot(), "sluice-bench-")
	if err != nil {
		return nil, fmt.Errorf("temporary folder: %w", err)
	}
	b := &bench{options: o, dir: dir, root: root, machine: m, tools: tools{taskset: taskset}, started: time.Now()}
	b.sluice = findSluice(ctx, root, dir, o.sluice)
	b.commit = readCommit(ctx, root)
	return b, nil
}

// open finds the suite, or fetches it, and reads its cases.
func (c *cacheTests) open(ctx context.Context) error {
	var err error
	if c.options.suite != "" {
		c.suite, err = cachesuite.Open(c.options.suite)
	} else {
		c.say("fetching the suite by npm")
		dir := filepath.Join(c.dir, "suite")
		if err := os.Mkdir(dir, 0o700); err != nil {
			return fmt.Errorf("the suite's folder: %w", err)
		}
		c.suite, err = cachesuite.Fetch(ctx, dir)
	}
	if err != nil {
		return err
	}
	if c.catalogue, err = c.suite.Catalogue(ctx); err != nil {
		return err
	}
	if id := c.dump; id != "" && !c.catalogue.Has(id) {
		return fmt.Errorf("the suite has no test %q", id)
	}
	return nil
}

// wantedCaches are those that -who names.
func (c *cacheTests) wantedCaches() []testedCache {
	var list []testedCache
	for _, t := range c.cachesToTest() {
		if len(c.wanted([]entrant{{name: t.name}})) > 0 {
			list = append(list, t)
		}
	}
	return list
}

// testAll tests the caches at the same time: most of it is waiting until
// something is stale.
func (c *cacheTests) testAll(ctx context.Context) []cacheResult {
	caches := c.wantedCaches()
	results := make([]cacheResult, len(caches))
	var all sync.WaitGroup
	for i, t := range caches {
		results[i] = cacheResult{name: t.name, version: c.version(ctx, t), missing: t.missing}
		if t.missing != "" {
			c.say("%-14s skipped: %s", t.name, t.missing)
			continue
		}
		all.Go(func() { c.test(ctx, t, &results[i]) })
	}
	all.Wait()
	return results
}

// test runs all cases against one cache.
func (c *cacheTests) test(ctx context.Context, t testedCache, r *cacheResult) {
	r.failed = c.with(ctx, t, &r.note, func(base string) error {
		var err error
		r.results, err = c.suite.Run(ctx, base)
		return err
	})
	if r.failed != nil {
		c.say("%-14s FAILED: %v", t.name, r.failed)
		return
	}
	r.verdicts = c.catalogue.Judge(r.results)
	n := c.catalogue.Count(r.verdicts)
	c.say("%-14s required %d/%d, optimal %d/%d", t.name, n.Required.Passed, n.Required.Of, n.Optimal.Passed, n.Optimal.Of)
}

// with starts a cache before the origin, does something with it and stops it.
func (c *cacheTests) with(ctx context.Context, t testedCache, note *string, do func(base string) error) error {
	s, err := c.newSetup(&origin{ports: []int{c.origin.Port}}, c.machine.cores)
	if err != nil {
		return err
	}
	defer os.RemoveAll(s.Dir) // the whole temporary folder goes at the end anyway
	if *note, err = t.turnOn(ctx, &s); err != nil {
		return err
	}
	p, err := c.startProxy(t.proxy, s, c.machine.cores)
	if err != nil {
		return err
	}
	ask := probe{port: s.HTTP, host: benchHost, path: unknownPath}
	if err := awaitGood(ctx, p, ask.relayed); err != nil {
		return stopAfter(p, err)
	}
	err = do("http://" + address(s.HTTP))
	if err == nil && p.ended() {
		err = fmt.Errorf("%s ended while it was tested; it printed:\n%s", p.name, p.output())
	}
	return stopAfter(p, err)
}

// relayed wants the 404 that the suite's origin gives.
func (p probe) relayed(ctx context.Context) error {
	a, err := p.ask(ctx)
	if err == nil && a.status != http.StatusNotFound {
		err = fmt.Errorf("%s: status %d, want the origin's 404", p.path, a.status)
	}
	return err
}

// dumpAll runs one case against each cache, one after another, and returns what
// client and origin said.
func (c *cacheTests) dumpAll(ctx context.Context) (string, error) {
	var said strings.Builder
	var failed error
	for _, t := range c.wantedCaches() {
		if t.missing != "" {
			c.say("%s skipped: %s", t.name, t.missing)
			continue
		}
		var note, client string
		before := len(c.origin.Output())
		err := c.with(ctx, t, &note, func(base string) error {
			var err error
			client, err = c.suite.Dump(ctx, base, c.dump)
			return err
		})
		fmt.Fprintf(&said, "######## %s %s\n%s\n######## the origin behind it\n%s\n", t.name, note, client, c.origin.Output()[before:])
		failed = errors.Join(failed, err)
	}
	return said.String(), failed
}

// firstUntested is the error of a run in which a cache that is there could not
// be tested, or nobody was.
func firstUntested(results []cacheResult) error {
	tested := 0
	for _, r := range results {
		if r.failed != nil {
			return fmt.Errorf("%s could not be tested: %w", r.name, r.failed)
		}
		if r.missing == "" {
			tested++
		}
	}
	if tested == 0 {
		var why []string
		for _, r := range results {
			why = append(why, r.name+": "+r.missing)
		}
		return fmt.Errorf("there is no cache to test; %s", strings.Join(why, "; "))
	}
	return nil
}
