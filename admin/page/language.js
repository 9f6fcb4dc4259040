// Which language the page speaks, and how a value is written in it.

import { words } from './words.js';

const english = 0, chinese = 1;
const kept = 'sluice.language';

let language = chosen();

// chosen returns the language that was chosen here, else that of the browser.
function chosen() {
  let was = null;
  try { was = localStorage.getItem(kept); } catch { /* none is kept, then */ }
  const first = was || navigator.language || '';
  return first.toLowerCase().startsWith('zh') ? chinese : english;
}

// other changes to the other language, and keeps that for the next time.
export function other() {
  language = language === english ? chinese : english;
  try { localStorage.setItem(kept, tag()); } catch { /* it holds for this time */ }
}

// tag is the language as HTML and Intl name it.
export const tag = () => language === english ? 'en' : 'zh-CN';

export const isEnglish = () => language === english;

// word returns the words of a key, filled in.
export const word = (key, values) => filled(words[key], values) ?? '';

// filled fills a pair of words in; undefined if there is none, or if it needs a
// value that there is none of.
export function filled(pair, values = {}) {
  if (!pair) return undefined;
  let lacks = false;
  const fill = text => text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    if (value === undefined || value === null || value === '') { lacks = true; return ''; }
    return String(value);
  });
  const optional = pair[language].replace(/\[([^\]]*)\]/g, (_, part) => {
    lacks = false;
    const text = fill(part);
    // A part's own brackets must not be taken for a value's.
    return lacks ? '' : text.replace(/[{}]/g, c => c === '{' ? '\u0001' : '\u0002');
  });
  lacks = false;
  const text = fill(optional).replace(/[\u0001\u0002]/g, c => c === '\u0001' ? '{' : '}');
  return lacks ? undefined : optional === pair[language] ? text : text.trim();
}

// has reports whether a table has a key of its own. Browsers of 2021 have no
// Object.hasOwn.
export const has = (table, key) => Object.prototype.hasOwnProperty.call(table, key);

// told returns what Sluice says by a code: its own text in English, our words
// otherwise, whichever there is.
export function told(table, code, params, text) {
  code ||= '?';
  const own = has(table, code) ? filled(table[code], params ?? {}) : undefined;
  return isEnglish() ? text || own || code : own || text || code;
}

// phrase is the words of a code within a sentence.
export function phrase(table, code) {
  return has(table, code) ? table[code][language] : code;
}

// number writes a count, shortly if it is large.
export function number(n) {
  const large = Math.abs(n) >= 100000;
  return new Intl.NumberFormat(tag(), large ? { notation: 'compact', maximumFractionDigits: 1 } : { maximumFractionDigits: 0 }).format(n);
}

// rate writes how many there are in a second.
export const rate = n => n < 9.95 && !Number.isInteger(n) ? n.toFixed(1) : number(n);

// percent writes a part of one: of a small one also what is behind the point, and
// never "100%" or "0%" of what is neither.
export function percent(part) {
  const p = part * 100;
  if (p > 0 && p < 0.01) return '< 0.01%';
  if (p < 100 && p >= 99.95) return '> 99.9%';
  return (p > 0 && p < 1 ? p.toFixed(2) : p > 0 && p < 10 || p > 99 && p < 100 ? p.toFixed(1) : p.toFixed(0)) + '%';
}

// bytes writes a size.
export function bytes(n) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let i = 0;
  while (n >= 1000 && i < units.length - 1) { n /= 1024; i++; }
  return (i > 0 && n < 10 ? n.toFixed(1) : n.toFixed(0)) + ' ' + units[i];
}

// millis writes a duration in milliseconds.
export function millis(ms) {
  if (!(ms > 0)) return word('u_ms', { n: '0' });
  if (ms < 1) return word('u_ms', { n: ms.toFixed(2) });
  if (ms < 10) return word('u_ms', { n: Number.isInteger(ms) ? ms : ms.toFixed(1) });
  if (ms < 1000) return word('u_ms', { n: ms.toFixed(0) });
  if (ms < 10000) return word('u_s', { n: (ms / 1000).toFixed(2) });
  return span(ms / 1000);
}

// span writes a duration in seconds, in its largest unit or two.
export function span(s) {
  s = Math.max(0, Math.round(s));
  if (s < 60) return word('u_s', { n: s });
  if (s < 3600) return word('u_min', { n: Math.floor(s / 60) });
  const two = (large, n, small, m) => word(large, { n }) + (m ? ' ' + word(small, { n: m }) : '');
  if (s < 86400) return two('u_h', Math.floor(s / 3600), 'u_min', Math.floor(s % 3600 / 60));
  return two('u_d', Math.floor(s / 86400), 'u_h', Math.floor(s % 86400 / 3600));
}

// ago writes how long a time is past.
export const ago = s => s < 2 ? word('just_now') : word('ago', { span: span(s) });

// moment reads a time; null if there is none.
export function moment(text) {
  const t = new Date(text ?? NaN);
  return t.getFullYear() > 1970 ? t : null; // not the zero time
}

// clock writes a time in the zone of who reads it, with its day unless that is
// today's or it was a moment ago: an evening may go on past midnight.
export function clock(t, now = new Date()) {
  const two = n => String(n).padStart(2, '0');
  const time = two(t.getHours()) + ':' + two(t.getMinutes()) + ':' + two(t.getSeconds());
  if (t.toDateString() === now.toDateString() || Math.abs(now - t) < 12 * 3600e3) return time;
  return day(t, now) + ' ' + time.slice(0, 5);
}

// minute writes a time as Sluice says it, "2026-12-01 20:00 UTC", in the zone of who
// reads it; what is none stays as it is.
export function minute(text) {
  const found = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC$/.exec(text);
  const t = found && moment(found[1] + 'T' + found[2] + 'Z');
  if (!t) return text;
  const two = n => String(n).padStart(2, '0');
  return t.getFullYear() + '-' + two(t.getMonth() + 1) + '-' + two(t.getDate()) + ' ' + two(t.getHours()) + ':' + two(t.getMinutes());
}

// day writes a date.
export function day(t, now = new Date()) {
  const two = n => String(n).padStart(2, '0');
  const date = two(t.getMonth() + 1) + '-' + two(t.getDate());
  return t.getFullYear() === now.getFullYear() ? date : t.getFullYear() + '-' + date;
}
