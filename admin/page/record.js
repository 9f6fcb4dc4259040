// The last five minutes, second by second, as they were told piece by piece.

export const seconds = 300;

const keys = ['requests', 'status_2xx', 'status_3xx', 'status_4xx', 'status_5xx', 'limited', 'shed', 'stale',
  'p50_ms', 'p90_ms', 'p99_ms', 'in_flight', 'queued', 'bytes_out', 'cache_hits', 'cache_misses'];

// Record holds a value for each of those seconds, the oldest first; null where
// nothing is known.
export class Record {
  constructor() { this.clear(); }

  clear() {
    this.end = 0; // the last second, since 1970
    this.lists = {};
    for (const key of keys) this.lists[key] = new Array(seconds).fill(null);
  }

  // missing reports how many seconds there are to ask for, if it is now second
  // now.
  missing(now) {
    return this.end === 0 ? seconds : Math.min(seconds, Math.max(5, Math.ceil(now - this.end) + 3));
  }

  // merge takes in a piece.
  merge(piece) {
    const end = Number(piece?.end);
    if (!Number.isSafeInteger(end) || end <= 0) return;
    // One piece comes after the other, so an earlier end is that of a clock that was set.
    if (end < this.end || end - this.end > seconds) this.clear();
    const shift = this.end === 0 ? 0 : end - this.end;
    this.end = end;
    for (const key of keys) {
      const all = this.lists[key], told = Array.isArray(piece[key]) ? piece[key].slice(-seconds) : [];
      for (let i = 0; i < shift; i++) { all.shift(); all.push(null); }
      const from = seconds - told.length;
      told.forEach((v, i) => { all[from + i] = Number.isFinite(v) ? Math.max(0, v) : null; });
    }
  }
}
