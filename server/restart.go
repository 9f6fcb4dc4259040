package server

import (
	"sluice/config"
)

// restartKeys are what is decided once, when the process starts.
var restartKeys = []struct {
	key   string
	value func(*config.Config) any
	keep  func(next, was *config.Config)
}{
	{"server.state_dir", func(c *config.Config) any { return c.Server.StateDir },
		func(next, was *config.Config) { next.Server.StateDir = was.Server.StateDir }},
	{"server.memory_limit", func(c *config.Config) any { return c.Server.MemoryLimit },
		func(next, was *config.Config) { next.Server.MemoryLimit = was.Server.MemoryLimit }},
	{"server.cache_memory", func(c *config.Config) any { return c.Server.CacheMemory },
		func(next, was *config.Config) { next.Server.CacheMemory = was.Server.CacheMemory }},
	{"log.access", func(c *config.Config) any { return c.Log.Access },
		func(next, was *config.Config) { next.Log.Access = was.Log.Access }},
	{"log.error", func(c *config.Config) any { return c.Log.Error },
		func(next, was *config.Config) { next.Log.Error = was.Log.Error }},
	{"log.error_format", func(c *config.Config) any { return c.Log.Format },
		func(next, was *config.Config) { next.Log.Format = was.Log.Format }},
}

// untilRestart returns next as it can be put in force now, and says which keys
// keep the value that they had.
func untilRestart(was, next *config.Config) (inForce *config.Config, kept []string) {
	c := *next
	kept = []string{}
	for _, k := range restartKeys {
		if k.value(&c) != k.value(was) {
			k.keep(&c, was)
			kept = append(kept, k.key+": needs a restart, and keeps its old value until then")
		}
	}
	return &c, kept
}
