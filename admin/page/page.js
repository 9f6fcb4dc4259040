// The live page: it asks Sluice every second how it is, and shows that.

import { byId, put, show, attribute } from './dom.js';
import { word, other, tag, rate, number, percent, millis, moment } from './language.js';
import { Record, seconds } from './record.js';
import { Chart, pointsAt } from './chart.js';
import { Feed } from './feed.js';
import { shaped } from './shape.js';
import { verdict, silent, locked, asking } from './verdict.js';
import { pools } from './pools.js';
import { failures } from './failures.js';
import { events, certificates, limited, rooms, sites, cache } from './lists.js';
import { program } from './program.js';

const record = new Record();
const charts = [
  {
    chart: new Chart(byId('c-requests'), {
      title: 'chart_requests', least: 5, write: rate, quiet: true, layers: [
        { key: 'status_2xx', text: '2xx', name: 'k2' }, { key: 'status_3xx', text: '3xx', name: 'k3' },
        { key: 'status_4xx', text: '4xx', name: 'k4' }, { key: 'status_5xx', text: '5xx', name: 'k5' }],
    }),
    now: () => ['status_2xx', 'status_3xx', 'status_4xx', 'status_5xx'].map(mean),
  },
  {
    chart: new Chart(byId('c-latency'), {
      title: 'chart_latency', least: 5, lines: true, write: millis, quiet: true, layers: [
        { key: 'p50_ms', text: 'p50', name: 'p50' }, { key: 'p90_ms', text: 'p90', name: 'p90' }, { key: 'p99_ms', text: 'p99', name: 'p99' }],
    }),
    now: s => s.now.requests > 0 ? [s.now.p50_ms, s.now.p90_ms, s.now.p99_ms] : [],
  },
  {
    chart: new Chart(byId('c-flight'), {
      title: 'chart_flight', least: 5, write: rate, quiet: true, layers: [
        { key: 'in_flight', word: 'key_flight', name: 'k2' }, { key: 'queued', word: 'key_queue', name: 'kq' }],
    }),
    now: s => [s.now.in_flight, s.now.queued],
  },
  {
    chart: new Chart(byId('c-refused'), {
      title: 'chart_refused', least: 5, write: rate, quiet: true, layers: [
        { key: 'limited', word: 'key_limited', name: 'k4' }, { key: 'shed', word: 'key_shed', name: 'k5' }, { key: 'stale', word: 'key_stale', name: 'k3' }],
    }),
    now: () => ['limited', 'shed', 'stale'].map(mean),
  },
];

let status = null; // the last one that was told
let ahead = 0; // milliseconds that Sluice's clock is before ours
let failure = null; // why nothing is told now
let wants = null; // {wrong}: a token is wanted
let pointed = null; // the second that is pointed at

const feed = new Feed({
  status(told) {
    const next = shaped(told);
    if (status && (status.pid !== next.pid || status.started !== next.started)) record.clear(); // it was started anew
    status = next;
    ahead = (moment(next.time) ?? new Date()) - Date.now();
    failure = wants = null;
    record.merge(next.series);
    render();
  },
  failed(why) {
    failure = why;
    wants = null;
    render();
  },
  locked(wrong) {
    wants = { wrong };
    failure = null;
    render();
    byId('token').focus();
  },
}, () => record.missing((Date.now() + ahead) / 1000));

// mean is that of the last ten seconds, so that it can be read while it changes.
function mean(key) {
  const last = record.lists[key].slice(-10).filter(v => v !== null);
  return last.length > 0 ? last.reduce((a, b) => a + b, 0) / last.length : null;
}

// render shows all that is known.
function render() {
  // What is old does not age on.
  const now = failure && status ? moment(status.time) : new Date(Date.now() + ahead);
  put(byId('live'), word(wants ? 'locked' : failure ? 'lost' : status ? 'live' : 'connecting'));
  show(byId('unlock'), !!wants);
  attribute(byId('numbers'), 'data-known', String(!!status));
  if (wants) locked(wants.wrong);
  else if (failure) silent(failure, status && moment(status.time));
  else if (status) verdict(status, now);
  else asking();
  if (!status) {
    drawCharts();
    return;
  }
  put(byId('version'), status.version);
  figures(status.now);
  drawCharts();
  pools(status, now);
  failures(status, now);
  sites(status);
  events(status, now);
  certificates(status, now);
  limited(status, now);
  rooms(status);
  cache(status);
  program(status, now);
}

function figures(now) {
  put(byId('n-requests'), rate(now.requests));
  put(byId('n-p50'), now.requests > 0 ? millis(now.p50_ms) : '–');
  put(byId('n-p99'), now.requests > 0 ? word('n_p99', { p99: millis(now.p99_ms) }) : '');
  put(byId('n-errors'), now.requests > 0 ? percent(now.errors / now.requests) : '–');
  put(byId('n-errors-rate'), word('n_errors_rate', { rate: rate(now.errors) }));
  attribute(byId('n-errors'), 'data-level', now.errors > 0 ? 'bad' : 'well');
  put(byId('n-flight'), number(now.in_flight));
  put(byId('n-queue'), word('n_queue', { n: number(now.queued) }));
  attribute(byId('n-queue'), 'data-level', now.queued > 0 ? 'warn' : 'well');
}

// drawCharts draws them with a mark at each event that a person should know of.
function drawCharts() {
  const marks = new Set();
  for (const e of status?.events ?? []) {
    const i = seconds - 1 - (record.end - Math.floor((moment(e.time) ?? 0) / 1000));
    if (e.level !== 'info' && i >= 0 && i < seconds) marks.add(i);
  }
  for (const { chart, now } of charts) {
    chart.update(record, status && record.end ? now(status) : [], pointed, [...marks]);
  }
}

// speak writes what stands in the page itself in the language.
function speak() {
  document.documentElement.lang = tag();
  for (const e of document.querySelectorAll('[data-word]')) put(e, word(e.dataset.word));
  put(byId('language'), word('other_language'));
  attribute(byId('language'), 'aria-label', word('switch'));
  attribute(byId('language'), 'lang', tag() === 'en' ? 'zh-CN' : 'en');
}

byId('language').addEventListener('click', () => {
  other();
  // All is made anew: most of it has words in it.
  for (const id of ['pools', 'failures', 'sites', 'events', 'certificates', 'limited', 'rooms', 'cache', 'program', 'problems']) byId(id).replaceChildren();
  speak();
  render();
});

byId('unlock').addEventListener('submit', event => {
  event.preventDefault();
  const token = byId('token').value.trim();
  byId('token').value = '';
  // A field can hold no other bytes.
  if (/^[\x21-\x7e]+$/.test(token)) feed.unlock(token);
});

pointsAt(charts.map(c => c.chart), at => {
  pointed = record.end ? at : null;
  drawCharts();
});

speak();
render();
feed.ask();
