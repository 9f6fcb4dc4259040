// Each Pool, its Upstreams, and why one of them is out.

import { make, byId, put, show, list, name, attribute, table, cells } from './dom.js';
import { word, number, percent, span, clock, moment } from './language.js';
import { whyOf } from './why.js';
import { arrangedPools, well } from './order.js';

const few = 10, most = 500; // Upstreams of a Pool that are shown at first, and at all
const fewPools = 20, mostPools = 500; // more than few, and those that are well are counted only, until all are asked for

let opened = false; // all of them are shown
let last = null; // what was shown last

byId('pools-more').addEventListener('click', () => { opened = !opened; pools(...last); });

// pools shows them, those in trouble first. now is Sluice's time.
export function pools(status, now) {
  last = [status, now];
  const all = arrangedPools(status, now), many = all.length > fewPools, more = byId('pools-more');
  const wanted = many && !opened ? all.filter(i => i.need !== well) : all;
  const shown = wanted.slice(0, mostPools), fine = all.length - wanted.length;
  list(byId('pools'), shown.map(i => ({ p: i.p, now })), i => i.p.name, poolRow);
  put(byId('pools-well'), [
    shown.length < wanted.length ? word('left_out', { n: number(wanted.length - shown.length) }) : '',
    fine === 0 ? '' : fine < all.length ? word('pools_others_well', { n: number(fine) }) : word('pools_well', { n: number(fine) }),
  ].filter(Boolean).join(word('dot')));
  show(byId('pools-well'), byId('pools-well').textContent !== '');
  show(more, many);
  put(more, opened ? word('show_less') : word('show_all', { n: number(all.length) }));
  attribute(more, 'aria-expanded', String(opened));
  show(byId('pools-none'), all.length === 0);
}

function poolRow() {
  const title = make('h3'), state = make('span', 'pill'), load = make('span', 'quiet');
  const fill = make('i'), meter = make('div', 'meter', fill), note = make('p', 'note');
  attribute(meter, 'aria-hidden', 'true');
  const { e: upstreams, body } = table(word('upstream'), [
    { text: word('upstream') }, { text: word('state') }, { text: word('flight'), name: 'n' }, { text: word('failed'), name: 'n' }]);
  const more = make('button', 'more');
  more.type = 'button';
  let open = false, last = null;
  const e = make('section', 'pool', make('div', 'line', title, state, load), meter, note, upstreams, more);
  const update = item => {
    last = item;
    const { p, now } = item, all = p.upstreams.slice(0, most);
    put(title, p.name);
    put(state, p.shedding ? word('pool_shedding') : word('pool_in', { in: p.available, of: p.upstreams.length }));
    name(state, 'pill ' + (p.available === 0 ? 'bad' : p.shedding || p.available < p.upstreams.length ? 'warn' : 'well'));
    put(load, [
      p.limit > 0 ? word('pool_flight_of', { n: number(p.in_flight), limit: number(p.limit) }) : word('pool_flight', { n: number(p.in_flight) }),
      p.queued > 0 ? word('pool_queue', { n: number(p.queued) }) : '',
    ].filter(Boolean).join(word('dot')));
    show(meter, p.limit > 0);
    fill.style.setProperty('--part', p.limit > 0 ? Math.min(1, p.in_flight / p.limit) : 0);
    name(meter, 'meter' + (p.queued > 0 || p.shedding ? ' warn' : ''));
    put(note, p.missing ? word('pool_missing', { why: whyOf(p.missing) }) : p.fails_open ? word('pool_open') : '');
    show(note, note.textContent !== '');
    const shown = open || all.length <= few ? all : firstOnes(all);
    list(body, shown.flatMap(u => [{ u, now }, ...(reason(u) ? [{ u, reason: reason(u) }] : [])]),
      i => (i.reason ? 'why ' : '') + i.u.address + ' ' + (i.u.name ?? ''), i => i.reason ? reasonRow() : upstreamRow());
    show(upstreams, all.length > 0);
    show(more, all.length > few);
    put(more, open ? word('show_less') : word('show_all', { n: all.length }));
    attribute(more, 'aria-expanded', String(open));
  };
  more.addEventListener('click', () => { open = !open; update(last); });
  return { e, update };
}

// firstOnes returns those that a person should see first: those that are not
// simply in, then the others, in their order.
function firstOnes(all) {
  const odd = all.filter(u => u.state !== 'in' || u.draining);
  const plain = all.filter(u => u.state === 'in' && !u.draining);
  return [...odd, ...plain].slice(0, few);
}

// reason says why an Upstream is not simply in; empty if it is.
function reason(u) {
  return [
    u.state === 'out' || u.state === 'trial' ? whyOf(u.why, u.cause) : '',
    u.state === 'in' && u.share < 0.995 ? word('share', { share: percent(u.share) }) : '',
    u.set ? word('set_by_hand') : '',
  ].filter(Boolean).join(word('dot'));
}

function reasonRow() {
  const td = make('td'), e = make('tr', 'why', td);
  td.colSpan = 4;
  return { e, update(i) { put(td, i.reason); attribute(td, 'title', i.u.why ?? ''); } };
}

function upstreamRow() {
  const { e, all: [who, state, flight, failed] } = cells(['who', 'state', 'n', 'n']);
  const address = make('span', 'address'), host = make('small'), label = make('b'), since = make('small');
  who.append(address, host);
  state.append(make('i', 'spot'), label, since);
  return {
    e, update({ u, now }) {
      const kind = u.draining ? 'draining' : ['in', 'out', 'trial', 'new'].includes(u.state) ? u.state : 'new';
      put(address, u.address);
      name(address, String(u.address).length > 21 ? 'address long' : 'address'); // an IPv6 address may be broken
      put(host, u.name ?? '');
      show(host, !!u.name);
      name(state, 'state ' + kind);
      put(label, word('state_' + kind));
      put(since, sinceOf(u, now));
      put(flight, number(u.in_flight));
      put(failed, number(u.failures));
      attribute(failed, 'title', word('failed_of', { n: number(u.failures), of: number(u.requests) }));
      name(e, reason(u) ? 'has-why' : '');
    },
  };
}

// sinceOf says how long an Upstream is as it is, or when it is tried again.
function sinceOf(u, now) {
  const until = moment(u.until), since = moment(u.since);
  if (u.state === 'out' && until) {
    const s = (until - now) / 1000;
    return s > 0.5 ? word('tried_in', { span: span(s) }) : word('tried_now');
  }
  return since ? word('state_since', { time: clock(since) }) : '';
}
