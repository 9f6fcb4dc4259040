// What is said first: that all is well, or what is wrong and what to do about it.

import { make, byId, put, show, attribute, list, name } from './dom.js';
import { word, number, isEnglish, told, clock, ago, moment, has } from './language.js';
import { problems, remedies } from './codes.js';
import { localized } from './why.js';
import { advised } from './said.js';
import { readable } from './readable.js';

const most = 12; // problems that are shown

// gap is what stands between two sentences.
const gap = () => isEnglish() ? ' ' : '';

// say fills the verdict in.
function say({ state, title, lead = '', remedy = false, others = [] }) {
  attribute(document.body, 'data-state', state);
  put(byId('title'), title);
  put(byId('lead'), lead);
  name(byId('lead'), remedy ? 'remedy' : '');
  show(byId('lead'), lead !== '');
  show(byId('problems'), others.length > 0);
  const left = others.length - most;
  const shown = left > 0 ? [...others.slice(0, most), { code: 'more', title: word('more_problems', { n: number(left) }), lead: word('more_where'), state: 'warn' }] : others;
  list(byId('problems'), shown, p => p.code, () => {
    const title = make('strong'), remedy = make('span', 'remedy'), e = make('li', '', title, remedy);
    return { e, update(p) { put(title, p.title); put(remedy, p.lead); show(remedy, p.lead !== ''); name(e, p.state); } };
  });
  const trouble = state === 'bad' || state === 'dead';
  attribute(byId('icon'), 'href', trouble ? 'page/icon-trouble.svg' : 'page/icon.svg');
  const mark = { bad: '✕ ', dead: '✕ ', warn: '! ' }[state] ?? '';
  const heading = mark + (mark ? title : 'Sluice');
  if (document.title !== heading) document.title = heading;
}

// codeOf is by what the words of a problem are found: some depend on the reason.
function codeOf({ code, params }) {
  if (code === 'pool_empty' && params?.why === 'drained') return 'pool_drained';
  if (/^certificate_expir/.test(code) && params?.file) return code.replace('_', '_file_'); // nobody but a person renews it
  return code;
}

// valuesOf are those that the words of a problem are filled with.
function valuesOf({ code, params }) {
  const values = localized(params);
  if (code === 'unstored') {
    const known = { certificates: word('stored_certificates'), maintenance: word('stored_maintenance') };
    values.names = values.names?.split(', ').map(n => known[n] ?? n).join(word('comma'));
  }
  return values;
}

// verdict says how Sluice is. now is its time.
export function verdict(status, now) {
  const all = status.problems.map(p => {
    const code = codeOf(p), values = valuesOf(p);
    return {
      code,
      state: p.level === 'error' ? 'bad' : 'warn',
      title: readable(told(problems, code, values, p.text)),
      lead: advised(p.do) || (has(remedies, code) ? told(remedies, code, values, p.do) : p.do ?? ''),
      remedy: true,
    };
  });
  if (all.length > 0) {
    const [worst, ...others] = all;
    say({ ...worst, others });
    return;
  }
  const upstreams = status.pools.flatMap(p => p.upstreams);
  const last = status.failures.length > 0 ? moment(status.failures[0].time) : null;
  say({
    state: 'well',
    title: word('well'),
    lead: [
      upstreams.length > 0
        ? word('well_upstreams', { in: upstreams.filter(u => u.state !== 'out' && !u.draining).length, of: upstreams.length })
        : word('well_no_upstreams'),
      last ? word('well_last_failed', { ago: ago((now - last) / 1000) }) : word('well_never_failed'),
    ].join(gap()),
  });
}

// silent says that Sluice does not answer; shown is the time of what is shown.
export function silent(failure, shown) {
  const said = failure.said?.text || failure.said?.status
    ? word('dead_said', { status: failure.said.status, text: failure.said.text || '–' })
    : '';
  say({
    state: 'dead',
    title: word('dead_title', { time: clock(failure.since) }),
    lead: [
      shown ? word('dead_shown', { time: clock(shown) }) : '',
      said || word(navigator.onLine === false ? 'dead_offline' : 'dead_remedy'),
    ].filter(Boolean).join(gap()),
  });
}

// locked says that a token is needed.
export function locked(wrong) {
  say({ state: 'locked', title: word('locked_title'), lead: wrong ? word('locked_wrong') : '' });
}

// asking says that nothing is known yet.
export const asking = () => say({ state: 'asking', title: word('asking') });
