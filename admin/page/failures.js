// The last failures: a line for each, and its story behind it.

import { make, byId, put, show, list, attribute } from './dom.js';
import { word, clock, ago, span, moment } from './language.js';
import { why, story, remedyOf } from './why.js';
import { readable } from './readable.js';

const few = 6, most = 30; // that are shown at first, and at all

let open = false; // all of them are shown
let last = null; // what was shown last

byId('failures-more').addEventListener('click', () => { open = !open; failures(...last); });

// failures shows them. now is Sluice's time. While a story is being read, none is
// put above it that would push it away.
export function failures(status, now) {
  last = [status, now];
  const all = status.failures.slice(0, most), more = byId('failures-more');
  const read = byId('failures').querySelector('details[open]');
  if (!read) list(byId('failures'), open ? all : all.slice(0, few), f => f.id + f.time, f => row(f));
  show(byId('failures-held'), !!read && all.length > 0 && rowOf(all[0]) === undefined);
  show(more, !read && all.length > few);
  put(more, open ? word('show_less') : word('show_all', { n: all.length }));
  attribute(more, 'aria-expanded', String(open));
  for (const e of byId('failures').querySelectorAll('time')) {
    put(e.nextElementSibling, ago((now - new Date(e.dateTime)) / 1000));
  }
  const started = moment(status.started);
  put(byId('failures-none'), word('failures_none', { ago: started ? span((now - started) / 1000) : '?' }));
  show(byId('failures-none'), all.length === 0);
}

// rowOf returns the line of one that is shown.
const rowOf = f => [...byId('failures').children].find(e => e.dataset.id === f.id + f.time);

// row makes the line of one, which does not change any more. Its story is written
// when it is opened.
function row(f) {
  const at = moment(f.time), time = make('time', '', at ? clock(at) : '');
  if (at) time.dateTime = at.toISOString();
  const summary = make('summary', '',
    make('span', 'when', time, make('small')),
    make('b', 'status s' + String(f.status)[0], f.status || '–'),
    make('span', 'what', make('span', 'url', f.method + ' ' + f.host + readable(f.path)), make('small', '', why(f.phase, f.cause) || readable(f.detail) || f.degraded || '')));
  const details = make('details', '', summary), e = make('li', '', details);
  e.dataset.id = f.id + f.time;
  details.addEventListener('toggle', () => {
    if (details.open && details.children.length === 1) details.append(told(f));
  });
  return { e, update() {} };
}

// told returns the story of one.
function told(f) {
  const sentences = story(f).map(readable), detail = readable(f.detail), box = make('div', 'told', make('ol', '', ...sentences.map(s => make('li', '', s))));
  const remedy = remedyOf(f);
  if (remedy) box.append(make('p', 'do', make('strong', '', word('do')), word('colon'), remedy));
  if (detail && !sentences.some(s => s.includes(detail))) box.append(make('p', 'detail', detail));
  if (f.id) box.append(command(f.id));
  return box;
}

// command returns the line that tells the same in a terminal, and a button that
// copies it. An ID that a shell might take for more than a word is only shown.
function command(id) {
  const text = 'sluice why ' + id, code = make('code', '', text), line = make('p', 'command', code);
  if (!/^[\w.:-]{1,128}$/.test(id)) return line;
  const button = make('button', '', word('copy'));
  button.type = 'button';
  attribute(button, 'aria-label', word('copy_what', { id }));
  button.addEventListener('click', async () => {
    if (!await copied(text, code)) return;
    put(button, word('copied'));
    setTimeout(() => put(button, word('copy')), 2000);
  });
  line.append(button);
  return line;
}

// copied puts a text on the clipboard. Where a browser keeps that from pages
// without TLS, the element that shows it is selected and copied.
async function copied(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(shown);
    return document.execCommand('copy');
  }
}
