// What Sluice has told, with nothing missing that the page looks at: a list that
// is empty may come as null.

const lists = ['problems', 'listeners', 'sites', 'pools', 'certificates', 'limits', 'rooms', 'failures', 'events'];
const list = v => Array.isArray(v) ? v.filter(i => i && typeof i === 'object') : [];
const texts = v => Array.isArray(v) ? v.map(String) : [];
const text = v => v === undefined || v === null ? '' : String(v);

const rates = { requests: 0, errors: 0, refused: 0, bytes_in: 0, bytes_out: 0, p50_ms: 0, p90_ms: 0, p99_ms: 0, in_flight: 0, queued: 0, hit_rate: -1 };

// shaped returns a status that can be shown.
export function shaped(s) {
  const status = { ...s };
  for (const key of lists) status[key] = list(s[key]);
  status.config = { file: '', reloads: 0, ...s.config, restart: texts(s.config?.restart) };
  status.now = { ...rates, ...s.now };
  status.cache = s.cache ? { copies: 0, bytes: 0, capacity: 0, hits: 0, misses: 0, stale: 0, ...s.cache } : null;
  status.access_log = s.access_log ? { to: '', written: 0, dropped: 0, ...s.access_log } : null;
  status.memory = { heap: 0, limit: 0, goroutines: 0, descriptors: -1, ...s.memory };
  status.sites = status.sites.map(x => ({ requests: 0, errors: 0, ...x, name: text(x.name), hosts: texts(x.hosts) }));
  status.pools = status.pools.map(x => ({ available: 0, limit: 0, in_flight: 0, queued: 0, ...x, upstreams: list(x.upstreams).map(u => ({ in_flight: 0, requests: 0, failures: 0, share: 1, ...u })) }));
  status.certificates = status.certificates.map(x => ({ ...x, names: texts(x.names) }));
  status.limits = status.limits.map(x => ({ would_refuse: 0, ...x, top: list(x.top) }));
  status.failures = status.failures.map(x => ({
    ...x, id: text(x.id), method: text(x.method), host: text(x.host), path: text(x.path), tries: list(x.tries), story: texts(x.story),
  }));
  return status;
}
