// What else there is to see: events, certificates, limits, waiting rooms, the
// cache, Sites.

import { make, byId, put, show, list, name, attribute, table, cells } from './dom.js';
import { word, number, percent, bytes, clock, ago, day, moment, told, has } from './language.js';
import { events as codes } from './codes.js';
import { localized } from './why.js';
import { said, advised } from './said.js';
import { readable } from './readable.js';
import { arrangedSites, arrangedCertificates } from './order.js';

const few = 20, most = 500; // rows of a table that are shown at first, and at all

// events shows the timeline.
export function events(status, now) {
  const all = status.events.slice(0, 30).map(v => ({ v, now }));
  list(byId('events'), all, i => i.v.time + i.v.code + JSON.stringify(i.v.params ?? ''), eventRow);
  show(byId('events-none'), all.length === 0);
}

function eventRow() {
  const time = make('time'), age = make('small'), text = make('span', 'what'), times = make('small', 'times');
  const e = make('li', '', make('span', 'when', time, age), text, times);
  return {
    e, update({ v, now }) {
      const at = moment(v.time);
      if (at) attribute(time, 'datetime', at.toISOString());
      put(time, at ? clock(at) : '');
      put(age, at ? ago((now - at) / 1000) : '');
      // Some codes tell of a trouble and, at the level info, of its end.
      const code = v.level === 'info' && has(codes, v.code + '_over') ? v.code + '_over' : v.code;
      put(text, readable(told(codes, code, localized(v.params), v.text)));
      put(times, v.times > 1 ? word('times', { n: number(v.times) }) : '');
      name(e, ['warn', 'error'].includes(v.level) ? v.level : 'info');
    },
  };
}

const tables = new Map(); // {body, rest, more, fill}, by where they stand
const opened = new Set(); // where all rows are shown

// rows keeps a table under a heading in step with items; without any it is gone.
function rows(id, columns, items, keyOf, makeRow) {
  let t = tables.get(id);
  if (!t || !t.body.isConnected) {
    const { e, body } = table(byId(id).parentElement.querySelector('h2').textContent, columns);
    tables.set(id, t = { body, rest: make('p', 'rest'), more: make('button', 'more'), fill() {} });
    t.more.type = 'button';
    t.more.addEventListener('click', () => {
      if (!opened.delete(id)) opened.add(id);
      t.fill();
    });
    byId(id).replaceChildren(e, t.rest, t.more);
  }
  t.fill = () => {
    const open = opened.has(id);
    list(t.body, items.slice(0, open ? most : few), keyOf, makeRow);
    put(t.rest, word('left_out', { n: number(items.length - most) }));
    show(t.rest, open && items.length > most);
    show(t.more, items.length > few);
    put(t.more, open ? word('show_less') : word('show_all', { n: number(items.length) }));
    attribute(t.more, 'aria-expanded', String(open));
  };
  t.fill();
  show(byId(id), items.length > 0);
}

const n = text => ({ text, name: 'n' });

// certificates shows how long they last.
export function certificates(status, now) {
  const all = arrangedCertificates(status, now).map(i => ({ ...i, now }));
  rows('certificates', [{ text: word('names') }, n(word('left'))], all, i => i.c.names.join() + i.c.key, () => {
    const { e, all: [who, left] } = cells(['who', 'n left']), names = make('span'), note = make('small'), days = make('b'), until = make('small');
    who.append(names, note);
    left.append(days, until);
    return {
      e, update({ c, now, end }) {
        const rest = end ? (end - now) / 86400000 : null, next = moment(c.next_renewal);
        put(names, c.names[0] + (c.names.length > 1 ? ' ' + word('more_names', { n: isMore(c) }) : ''));
        attribute(names, 'title', c.names.join(', '));
        put(note, noteOf(c));
        attribute(note, 'title', c.last_failure ?? c.warnings?.[0] ?? ''); // as the log has it
        name(note, c.last_failure || c.warnings?.length ? 'warned' : '');
        put(days, rest === null ? word(c.ordering ? 'ordering' : 'no_certificate') : leftOf(rest));
        put(until, next && rest !== null && rest > 0 ? word('renews', { date: day(next, now) }) : '');
        const missing = rest === null && !c.ordering;
        name(left, 'n left' + (missing || rest !== null && rest <= 3 ? ' bad' : rest !== null && rest <= 14 ? ' warn' : ''));
      },
    };
  });
  show(byId('certificates-none'), all.length === 0);
}

// noteOf says what is the matter with a certificate and what to do, else whose it is.
function noteOf(c) {
  if (c.last_failure) {
    const why = said(c.last_failure), advice = advised(c.remedy) || c.remedy;
    return advice ? word('reason_advice', { why, do: advice }) : why;
  }
  return c.warnings?.length ? said(c.warnings[0]) : c.stand_in ? word('stand_in') : c.issuer ?? '';
}

const isMore = c => word('language') === 'English' ? c.names.length - 1 : c.names.length;

function leftOf(days) {
  if (days <= 0) return word('expired');
  if (days < 2) return word('hours_left', { n: Math.floor(days * 24) });
  return word('days_left', { n: number(Math.floor(days)) });
}

// limited shows who was refused most often lately.
export function limited(status, now) {
  const all = status.limits.flatMap(l => l.top.map(c => ({ l, c, now })));
  all.sort((a, b) => b.c.refused - a.c.refused);
  rows('limited', [{ text: word('client') }, n(word('refused'))], all.slice(0, 10), i => i.l.site + ' ' + i.l.name + ' ' + i.c.client, () => {
    const { e, all: [who, count] } = cells(['who', 'n']), client = make('span', 'address'), rule = make('small'), refused = make('span'), last = make('small');
    who.append(client, rule);
    count.append(refused, last);
    return {
      e, update({ l, c, now }) {
        const at = moment(c.last);
        put(client, c.client);
        put(rule, l.site + word('dot') + l.name);
        put(refused, number(c.refused));
        put(last, at ? ago((now - at) / 1000) : '');
      },
    };
  });
  const would = status.limits.reduce((sum, l) => sum + l.would_refuse, 0);
  put(byId('limited-none'), status.limits.length === 0 ? word('limited_off') : would > 0 ? word('would', { n: number(would) }) : word('limited_none'));
  show(byId('limited-none'), all.length === 0 || would > 0);
}

// rooms shows the waiting rooms, if there are any.
export function rooms(status) {
  show(byId('rooms-card'), status.rooms.length > 0);
  if (status.rooms.length === 0) return;
  rows('rooms', [{ text: word('site') }, n(word('waiting')), n(word('entered'))], status.rooms, r => r.site, () => {
    const { e, all: [who, waiting, entered] } = cells(['who', 'n', 'n']);
    return { e, update(r) { put(who, r.site); put(waiting, number(r.waiting)); put(entered, number(r.entered)); } };
  });
}

// sites shows each of them, and whether it is open.
export function sites(status) {
  const all = arrangedSites(status);
  rows('sites', [{ text: word('site') }, n(word('site_requests')), n(word('site_errors'))], all, s => s.name, () => {
    const { e, all: [who, requests, errors] } = cells(['who', 'n', 'n']), site = make('span'), note = make('small');
    who.append(site, note);
    return {
      e, update(s) {
        const until = moment(s.maintenance?.until);
        put(site, s.name);
        put(note, [
          s.maintenance ? until ? word('maintenance_until', { time: clock(until) }) : word('maintenance') : '',
          s.tls ? '' : word('plain'),
          s.hosts.filter(h => h !== s.name).slice(0, 8).join(', '),
        ].filter(Boolean).join(word('dot')));
        name(note, s.maintenance ? 'warned' : '');
        put(requests, number(s.requests));
        put(errors, s.errors > 0 ? percent(s.errors / s.requests) : '0');
        attribute(errors, 'title', number(s.errors));
      },
    };
  });
}

// cache shows what it holds and how often it has helped.
export function cache(status) {
  const c = status.cache, box = byId('cache');
  show(box, !!c);
  show(byId('cache-none'), !c);
  if (!c) return;
  list(box, [status], () => 'cache', () => {
    const now = make('b', 'large'), label = make('span', 'quiet'), fill = make('i'), meter = make('div', 'meter', fill), facts = make('p', 'quiet');
    attribute(meter, 'aria-hidden', 'true');
    return {
      e: make('div', '', make('p', 'line', now, label), meter, facts), update(s) {
        const asked = s.cache.hits + s.cache.misses;
        put(now, s.now.hit_rate >= 0 ? percent(s.now.hit_rate) : '–');
        put(label, [word('hit_rate'), asked > 0 ? word('hit_rate_all', { rate: percent(s.cache.hits / asked) }) : ''].filter(Boolean).join(word('comma')));
        fill.style.setProperty('--part', Math.max(0, s.now.hit_rate));
        put(facts, [
          word('cache_full', { copies: number(s.cache.copies), bytes: bytes(s.cache.bytes), capacity: bytes(s.cache.capacity) }),
          s.cache.stale > 0 ? word('cache_stale', { n: number(s.cache.stale) }) : '',
        ].filter(Boolean).join(word('dot')));
      },
    };
  });
}
