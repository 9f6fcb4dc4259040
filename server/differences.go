package server

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"sluice/config"
)

// differences says in words what makes next another configuration than was. It
// names keys, not values: those may be long, and stand in the file.
func differences(was, next *config.Config) []string {
	all := []string{}
	all = append(all, serverDifferences(was.Server, next.Server)...)
	if !slices.Equal(was.Log.Sample, next.Log.Sample) {
		all = append(all, "log.sample: changed")
	}
	if !reflect.DeepEqual(was.ACME, next.ACME) {
		all = append(all, "acme: changed, for certificates that are ordered from now on")
	}
	all = append(all, siteDifferences(was.Sites, next.Sites)...)
	return append(all, poolDifferences(was, next)...)
}

// serverDifferences says what is different in [server].
func serverDifferences(was, next config.Server) (all []string) {
	for _, k := range []struct {
		key  string
		a, b config.Address
	}{{keyHTTP, was.HTTP, next.HTTP}, {keyHTTPS, was.HTTPS, next.HTTPS}, {keyAdmin, was.Admin, next.Admin}} {
		switch {
		case k.a == k.b:
		case !k.b.On:
			all = append(all, fmt.Sprintf("server.%s: off, no longer %s", k.key, k.a))
		case !k.a.On:
			all = append(all, fmt.Sprintf("server.%s: listens on %s", k.key, k.b))
		default:
			all = append(all, fmt.Sprintf("server.%s: listens on %s, no longer on %s", k.key, k.b, k.a))
		}
	}
	for _, key := range changedFields(was, next) {
		switch key {
		case keyHTTP, keyHTTPS, keyAdmin:
		case "admin_socket_mode", "admin_socket_group", "admin_token", "pprof",
			"trusted_proxies", "stream_timeout", "drain_timeout", "debug", "watch_config":
			all = append(all, "server."+key+": changed")
		default:
			all = append(all, "server."+key+": changed, for new connections")
		}
	}
	return all
}

// siteDifferences says which Sites are different.
func siteDifferences(was, next []config.Site) (all []string) {
	before := make(map[string]config.Site, len(was))
	for _, site := range was {
		before[siteName(site)] = site
	}
	for _, site := range next {
		name := siteName(site)
		old, there := before[name]
		delete(before, name)
		if !there {
			all = append(all, "site "+name+": added")
		} else if keys := changedFields(old, site); len(keys) > 0 {
			all = append(all, "site "+name+": changed: "+strings.Join(keys, ", "))
		}
	}
	for _, site := range was {
		if _, gone := before[siteName(site)]; gone {
			all = append(all, "site "+siteName(site)+": removed")
		}
	}
	return all
}

// poolDifferences says which Pools are different.
func poolDifferences(was, next *config.Config) (all []string) {
	for _, p := range next.Pools {
		old, there := was.Pool(p.Name)
		if !there {
			all = append(all, "pool "+p.Name+": added")
			continue
		}
		words := poolChanges(old, p)
		if a, b := checkHost(was.Sites, old), checkHost(next.Sites, p); a != b && old.Health == p.Health {
			words = append(words, "the checks ask for "+b)
		}
		if len(words) > 0 {
			all = append(all, "pool "+p.Name+": changed: "+strings.Join(words, ", "))
		}
	}
	for _, p := range was.Pools {
		if _, there := next.Pool(p.Name); !there {
			all = append(all, "pool "+p.Name+": removed")
		}
	}
	return all
}

// poolChanges returns what is different in a Pool.
func poolChanges(was, next config.Pool) (words []string) {
	for _, key := range changedFields(was, next) {
		if key == "servers" {
			if added, removed := serverChanges(was.Upstreams, next.Upstreams); added+removed > 0 {
				key = fmt.Sprintf("servers (%d added, %d removed)", added, removed)
			}
		}
		words = append(words, key)
	}
	return words
}

// serverChanges counts the servers that one of the lists has and the other has
// not.
func serverChanges(was, next []config.Upstream) (added, removed int) {
	before := make(map[string]bool, len(was))
	for _, u := range was {
		before[u.Address()] = true
	}
	for _, u := range next {
		if !before[u.Address()] {
			added++
		}
		delete(before, u.Address())
	}
	return added, len(before)
}

// fieldKeys are the keys of the fields that are not called as their keys are.
var fieldKeys = map[string]string{
	"Pool": "upstream", "Routes": "route", "Limits": "limit", "Room": "waiting_room", "Upstreams": "servers",
	"ACME": "acme", "ByDNS": "by_dns", "CARoot": "ca_root", "EABKeyID": "eab_key_id", "EABKey": "eab_key", "URL": "url",
	"DNS": "dns", "KeyID": "key_id", "CA": "ca", "HTML": "html", "JSON": "json", "TTL": "ttl", "Reuse": "cache",
	"Concurrency": "max_concurrency", "HTTP2": "http2", "HTTPS": keyHTTPS, "HTTP": keyHTTP, "HSTS": "hsts", "TLS": "tls",
}

// changedFields returns the keys of those fields of two structs that are
// different.
func changedFields[T any](a, b T) (keys []string) {
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range va.NumField() {
		if !reflect.DeepEqual(va.Field(i).Interface(), vb.Field(i).Interface()) {
			keys = append(keys, keyOfField(va.Type().Field(i).Name))
		}
	}
	return keys
}

// keyOfField returns the key of a field of a Config: header_timeout for
// HeaderTimeout.
func keyOfField(name string) string {
	if key := fieldKeys[name]; key != "" {
		return key
	}
	var key strings.Builder
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			if i > 0 {
				key.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		key.WriteRune(c)
	}
	return key.String()
}
