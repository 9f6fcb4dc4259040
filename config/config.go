// Package config turns a TOML file into a Config that is validated, complete
// and never changed again.
//
//	bytes ── tree ──► nodes with lines ── section ──► typed values ──► *Config
//	          │                            │                            │
//	          └────────────── problems ◄───┴────────────────────────────┘
//
// It reports everything that is wrong at once, each with file, line, key and
// remedy. A Config holds parsed values and defaults: who uses it validates
// nothing again. This package resolves no names, opens no sockets and keeps no
// certificate; it only reads files to tell early that they cannot be used.
package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFile is the largest configuration file that is read. Ten thousand
// Upstreams fit well; whatever is larger is not a configuration file.
const maxFile = 1 << 20

// Config is what one configuration file says, with the defaults filled in.
// Treat it as immutable.
type Config struct {
	File   string // as it was named to Load or Parse
	Server Server
	Log    Log
	ACME   ACME
	Sites  []Site // in the order of the file; at least one
	Pools  []Pool // sorted by name; every Pool that a Site or Route names is here
	lines  lines
}

// lines are where things stand in the file. They are no part of the values: what
// has only moved has not changed.
type lines struct {
	server map[string]int // of the keys of [server] that are there
	sites  []int          // of each Site
	pools  map[string]int // of the Pools, by name
}

// ServerLine returns the line of a key of [server], 0 if the file does not have it.
func (c *Config) ServerLine(key string) int { return c.lines.server[key] }

// SiteLine returns the line at which Sites[i] begins.
func (c *Config) SiteLine(i int) int { return c.lines.sites[i] }

// PoolLine returns the line at which the Pool of that name is made.
func (c *Config) PoolLine(name string) int { return c.lines.pools[name] }

// Pool returns the Pool of that name, and whether there is one.
func (c *Config) Pool(name string) (Pool, bool) {
	i, found := slices.BinarySearchFunc(c.Pools, name, func(p Pool, name string) int {
		return strings.Compare(p.Name, name)
	})
	if !found {
		return Pool{}, false
	}
	return c.Pools[i], true
}

// Load reads and validates the file at path. Its error is an *Errors.
func Load(path string) (*Config, error) {
	data, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data)
}

// readConfig returns the contents of the file at path. Its error is an *Errors.
func readConfig(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	// One byte more than allowed, so that Parse sees that it is too large.
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	return data, nil
}

// unreadable returns the *Errors of a file that cannot be read.
func unreadable(path string, err error) error {
	p := problems{file: path}
	p.add(1, "", "name an existing file that this user may read", "cannot be read: %v", cause(err))
	return p.err()
}

// cause returns err without the path and operation that os puts before it.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// Parse validates data, the contents of file. The name is used for messages,
// and relative paths in the file start at its folder. Its error is an *Errors.
func Parse(file string, data []byte) (*Config, error) {
	c, err := decode(file, data)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// decode is Parse, and returns also what could be read of a file that is wrong:
// nil if it is no TOML.
func decode(file string, data []byte) (*Config, error) {
	p := &problems{file: file}
	if len(data) > maxFile {
		p.add(1, "", "split the work over several Sluices", "the file is larger than 1MiB")
		return nil, p.err()
	}
	root, ok := parseTree(data, p)
	if !ok {
		return nil, p.err()
	}
	d := &decoder{problems: p, dir: filepath.Dir(file), hosts: map[string]int{}, pools: newPoolSet()}
	c := d.config(root)
	c.File = file
	return c, p.err()
}

// decoder is what the sections of one file share.
type decoder struct {
	*problems
	dir   string         // relative paths start here
	hosts map[string]int // line of each host of a Site
	pools *poolSet
	// hasDNS: there is an [acme.dns], right or wrong.
	hasDNS    bool
	siteLines []int // where the Sites begin
}

// config reads the whole file.
func (d *decoder) config(root *node) *Config {
	top := d.section("", nil, root)
	server := top.table("server")
	c := &Config{
		Server: d.server(server),
	}
	c.ACME = d.acme(top.table("acme"))
	d.namedPools(top.table("upstream"))
	c.Sites = d.sites(top, c.Server)
	c.Log = d.log(top.table("log"), c.Sites)
	d.checkPoolUses()
	c.Pools = d.pools.sorted()
	c.lines = lines{server: server.lines(), sites: d.siteLines, pools: d.pools.lines}
	return c
}
