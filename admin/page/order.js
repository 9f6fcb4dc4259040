// What wants a look stands before what is well, as "sluice status" has it. As long
// as things are of the same kind they stay where they are.

import { moment } from './language.js';

export const alarming = 0, troubled = 1, well = 2; // how much a Pool wants a look

const queueKept = 10000; // milliseconds for which a queue is a trouble after its end
const soonEnding = 14 * 86400000;
const lately = new Map(); // name of a Pool → when it had a queue last

// needs says how much each Pool wants a look, by name. now is Sluice's time.
function needs(status, now) {
  const all = new Map();
  for (const p of status.pools) {
    const past = now - (lately.get(p.name) ?? -Infinity);
    if (p.queued > 0) lately.set(p.name, now);
    else if (past < 0 || past >= queueKept) lately.delete(p.name); // or the clock was set
    const odd = p.available < p.upstreams.length || p.shedding || p.fails_open || lately.has(p.name) || p.upstreams.some(u => u.state !== 'in');
    all.set(p.name, p.available <= 0 ? alarming : odd ? troubled : well);
  }
  for (const { params } of status.problems) {
    if (all.get(params?.pool) === well) all.set(params.pool, troubled);
  }
  return all;
}

const compare = (a, b) => a < b ? -1 : a > b ? 1 : 0;

// arrangedPools returns Pools, as {p, need}.
export function arrangedPools(status, now) {
  const of = needs(status, now);
  return status.pools.map(p => ({ p, need: of.get(p.name) })).sort((a, b) => a.need - b.need || compare(a.p.name, b.p.name));
}

// arrangedSites puts those first that are not simply open.
export function arrangedSites(status) {
  const waited = new Set(status.rooms.filter(r => r.waiting > 0).map(r => r.site));
  const rank = s => s.maintenance ? 0 : waited.has(s.name) ? 1 : 2;
  return [...status.sites].sort((a, b) => rank(a) - rank(b) || compare(a.name, b.name));
}

// arrangedCertificates returns them as {c, end}, those first that something is the
// matter with or that end soon, then by their end.
export function arrangedCertificates(status, now) {
  const odd = ({ c, end }) => c.last_failure || c.stand_in || c.warnings?.length || (end ?? 0) < +now + soonEnding ? 0 : 1;
  return status.certificates.map(c => ({ c, end: moment(c.not_after) }))
    .sort((a, b) => odd(a) - odd(b) || (a.end ?? 0) - (b.end ?? 0) || compare(a.c.names.join(), b.c.names.join()));
}
