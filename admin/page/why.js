// Failures in the words of the one who reads the page.

import { word, filled, phrase, isEnglish, millis, clock, moment, told, has } from './language.js';
import { words } from './words.js';
import { said } from './said.js';
import { causes, phases, cures } from './causes.js';

// why says in short why something failed, from its phase and cause.
export function why(phase, cause) {
  if (!cause) return '';
  if (cause === 'destination_unavailable' && phase === 'wait') return phrase(causes, 'answer_failed');
  if (cause === 'connection_read_timeout' && phase === 'body') return phrase(causes, 'answer_silent');
  const what = phrase(causes, cause);
  if (phase === 'body' && /^(client|request)_/.test(cause)) return what; // the body may be the client's own
  return phase && has(phases, phase) ? word('why_when', { what, when: phrase(phases, phase) }) : what;
}

// whyOf says why something happened in the language of the page, from a cause or
// from what Sluice says in English: the words of a cause, and what was underneath
// in brackets, which short leaves out. What is not known so stays as it is.
export function whyOf(text, cause, short = false) {
  if (isEnglish() && text) return text;
  if (has(causes, cause ?? '')) return phrase(causes, cause);
  const known = Object.keys(causes).find(c => text?.startsWith(causes[c][0]));
  if (!known) return said(text, short);
  const rest = /^ \((.*)\)$/s.exec(text.slice(causes[known][0].length));
  return rest && !short ? word('why_when', { what: phrase(causes, known), when: rest[1] }) : phrase(causes, known);
}

// localized returns the values of a code with those that depend on who reads.
export function localized(params) {
  const values = { ...params }, until = moment(values.until);
  if (values.why || values.cause) values.why = whyOf(values.why, values.cause, true);
  if (until) values.until = clock(until);
  return values;
}

// remedyOf says what may be done about a failed Exchange; empty: nothing is known.
export function remedyOf(f) {
  return f.do || has(cures, f.cause ?? '') ? told(cures, f.cause, {}, f.do) : '';
}

// story tells a failed Exchange in sentences.
export function story(f) {
  const at = moment(f.time), all = [];
  if (isEnglish() && f.story.length > 0) {
    // Sluice tells the time of its own zone.
    return at ? f.story.map(s => s.replace(/^At \d\d:\d\d:\d\d\b/, 'At ' + clock(at))) : f.story;
  }
  const add = (key, values) => { const text = filled(words[key], values); if (text) all.push(text); };
  add('story_asked', { time: at ? clock(at) : '', client: f.client, method: f.method, host: f.host, path: f.path });
  if (f.queue_ms >= 1) add('story_queued', { span: millis(f.queue_ms), pool: f.pool });
  f.tries.forEach((t, i) => {
    const values = { n: i + 1, upstream: t.upstream, span: millis(t.took_ms), status: t.status || '', why: why(t.phase, t.cause) };
    add(t.cause ? 'story_try_failed' : 'story_try_status', values);
  });
  if (!f.tries.some(t => t.cause) && f.cause && f.who !== 'client') add('story_failed', { why: why(f.phase, f.cause) });
  const values = { status: f.status, span: millis(f.total_ms) };
  if (f.cause === 'client_gone') add('story_gone', values);
  else if (f.degraded) add(/stale|last_good/.test(f.degraded) ? 'story_stale' : 'story_degraded', values);
  else if (f.status === 101) add('story_tunnel', values);
  else if (f.cause && f.status > 0 && f.status < 400) add('story_cut', values);
  else add('story_status', values);
  return all;
}
