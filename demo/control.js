'use strict';

const behaviours = {ok: 'OK', slow: 'Slow', fail: 'Fail', die: 'Die'};
const kinds = {
  one: ['1', 'one'], two: ['2', 'two'], three: ['3', 'three'],
  degraded: ['–', 'degraded answer'], broken: ['×', 'error'],
};
const shown = 60;         // visits on the page
const pause = 400;        // milliseconds between visits
const together = 6;       // visits under way at once
const slow = 1000;        // milliseconds
const counts = {one: 0, two: 0, three: 0, degraded: 0, broken: 0};
let proxy = '', visiting = true, underway = 0;

const at = id => document.getElementById(id);

function make(tag, text, className) {
  const e = document.createElement(tag);
  if (text) e.textContent = text;
  if (className) e.className = className;
  return e;
}

function card(sample) {
  const e = make('article', '', 'sample ' + sample.name);
  const line = make('div', '', 'line');
  line.append(make('h2', 'Sample ' + sample.name), make('span', '', 'count'));
  const buttons = make('div', '', 'buttons');
  for (const b in behaviours) {
    const button = make('button', behaviours[b]);
    button.type = 'button';
    button.dataset.behaviour = b;
    button.addEventListener('click', () => tell(sample.name, b));
    buttons.append(button);
  }
  e.append(line, make('p', sample.address, 'address'), buttons);
  e.id = 'sample-' + sample.name;
  return e;
}

function showSample(sample) {
  let e = at('sample-' + sample.name);
  if (!e) at('samples').append(e = card(sample));
  e.dataset.behaviour = sample.behaviour;
  e.querySelector('.count').textContent = sample.requests + (sample.requests === 1 ? ' request' : ' requests');
  for (const button of e.querySelectorAll('button'))
    button.setAttribute('aria-pressed', button.dataset.behaviour === sample.behaviour);
}

async function tell(name, behaviour) {
  const answer = await fetch('/samples/' + name + '/' + behaviour, {method: 'POST'});
  if (answer.ok) showSample(await answer.json());
  else at('last').textContent = await answer.text();
}

async function poll() {
  try {
    const state = await (await fetch('/state')).json();
    state.samples.forEach(showSample);
    proxy = state.proxy;
    at('curl').textContent = [
      "curl -sk '" + (proxy || 'https://127.0.0.1:8443/') + "who?[1-6]'",
      'curl -X POST ' + location.origin + '/samples/two/die',
      "curl -X POST '" + location.origin + "/samples/{one,two,three}/ok'",
    ].join('\n');
  } catch {
    at('last').textContent = 'The demo has ended.';
    proxy = '';
  }
}

function kindOf(visit) {
  if (visit.error || !visit.status) return 'broken';
  if (!visit.sample) return 'degraded';
  return visit.status < 500 ? visit.sample : 'broken';
}

function showVisit(visit) {
  const kind = kindOf(visit), [sign, word] = kinds[kind];
  const e = make('i', sign, kind + (visit.ms >= slow ? ' slow' : ''));
  const who = visit.sample ? 'sample ' + visit.sample : word;
  e.title = who + (visit.status ? ', ' + visit.status : '') + ', ' + visit.ms + ' ms';
  at('visits').append(e);
  while (at('visits').children.length > shown) at('visits').firstChild.remove();
  counts[kind]++;
  showCounts();
  at('last').textContent = 'Last: ' + (visit.error || e.title);
}

function showCounts() {
  at('counts').replaceChildren(...Object.keys(counts).map(kind => {
    const e = make('div', '', kind);
    e.append(make('dt', kinds[kind][1]), make('dd', String(counts[kind])));
    return e;
  }));
}

async function visit() {
  if (!visiting || !proxy || document.hidden || underway >= together) return;
  underway++;
  try {
    const answer = await fetch('/visit', {method: 'POST'});
    if (answer.ok) showVisit(await answer.json());
  } catch {
    // The demo has ended; poll says so.
  } finally {
    underway--;
  }
}

at('visit').addEventListener('click', () => {
  visiting = !visiting;
  at('visit').textContent = visiting ? 'Pause' : 'Go on';
  at('visit').setAttribute('aria-pressed', visiting);
});

showCounts();
poll();
setInterval(poll, 1000);
setInterval(visit, pause);
