// Charts of the last five minutes, as plain SVG: areas that are stacked, or lines.

import { make, put, attribute, show } from './dom.js';
import { word, clock } from './language.js';
import { seconds } from './record.js';

const space = 'http://www.w3.org/2000/svg';
const width = seconds - 1, height = 100;
const steps = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];

const draw = (tag, name) => {
  const e = document.createElementNS(space, tag);
  if (name) e.setAttribute('class', name);
  return e;
};

// ceiling returns a round number that is not below n.
function ceiling(n) {
  const power = 10 ** Math.floor(Math.log10(n));
  return power * steps.find(s => s * power >= n * 0.999999);
}

// Chart shows layers {key, word, text, name} of a Record; the first one is at the
// bottom. They are stacked, unless lines is set.
export class Chart {
  constructor(card, { layers, lines = false, least, write, title, quiet }) {
    Object.assign(this, { card, layers, lines, least, write, title, quiet });
    this.svg = draw('svg');
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.svg.setAttribute('preserveAspectRatio', 'none');
    this.svg.setAttribute('role', 'img');
    const rules = draw('path', 'rules');
    rules.setAttribute('d', `M0 0H${width}M0 ${height / 2}H${width}`);
    this.svg.append(rules);
    // The last layer of lines is the largest: it is drawn first.
    const order = lines ? [...layers].reverse() : layers;
    for (const l of order) {
      l.area = draw('path', 'area ' + l.name);
      l.line = draw('path', 'line ' + l.name);
      this.svg.append(l.area, l.line);
    }
    this.marks = draw('path', 'marks');
    this.svg.append(this.marks);
    this.top = make('span', 'most');
    this.middle = make('span', 'half');
    this.empty = make('span', 'quiet');
    this.cursor = make('i', 'cursor');
    this.plot = make('div', 'plot', this.svg, this.empty, this.cursor);
    this.from = make('span');
    this.to = make('span');
    const legend = make('ul', 'legend');
    for (const l of layers) {
      l.label = make('span');
      l.value = make('b');
      legend.append(make('li', '', make('i', l.name), l.label, l.value));
    }
    card.append(legend, make('div', 'frame', this.top, this.middle, this.plot), make('p', 'axis', this.from, this.to));
    attribute(card.querySelector('.axis'), 'aria-hidden', 'true');
    for (const e of [this.top, this.middle, this.cursor]) attribute(e, 'aria-hidden', 'true');
    show(this.cursor, false);
  }

  // update draws a Record. now are the values to tell, at the index of a second
  // that is pointed at or, if that is null, of this moment.
  update(record, now, at, marks) {
    const columns = this.layers.map(l => record.lists[l.key]);
    const totals = Array.from({ length: seconds }, (_, i) => this.total(columns, i));
    const most = Math.max(0, ...totals);
    const scale = ceiling(Math.max(this.least, most));
    const y = v => (height - v / scale * height).toFixed(2);
    let floor = new Array(seconds).fill(0);
    this.layers.forEach((l, n) => {
      const roof = columns[n].map((v, i) => v === null ? null : this.lines ? v : floor[i] + v);
      const { line, area } = outline(roof, floor, y);
      l.line.setAttribute('d', line);
      l.area.setAttribute('d', area);
      if (!this.lines) floor = roof.map((v, i) => v ?? floor[i]);
    });
    this.marks.setAttribute('d', marks.map(i => `M${i} 0V${height}`).join(''));
    this.tell(record, columns, now, at);
    put(this.top, this.write(scale));
    put(this.middle, this.write(scale / 2));
    put(this.from, at === null ? word('minutes_ago') : clock(new Date((record.end - (seconds - 1 - at)) * 1000)));
    put(this.to, word('chart_now'));
    put(this.empty, this.quiet && most === 0 && record.end ? word('chart_quiet') : '');
    attribute(this.svg, 'aria-label', word('chart_label', {
      name: word(this.title), most: this.write(most),
      values: this.layers.map(l => l.label.textContent + ' ' + l.value.textContent).join(word('comma')),
    }));
  }

  // tell writes the values beside their names.
  tell(record, columns, now, at) {
    this.layers.forEach((l, n) => {
      const v = at === null ? now[n] : columns[n][at];
      put(l.label, l.text ?? word(l.word));
      put(l.value, v === null || v === undefined ? '–' : this.write(v));
    });
    show(this.cursor, at !== null);
    if (at !== null) this.cursor.style.setProperty('--at', at / width);
  }

  total(columns, i) {
    const all = columns.map(c => c[i] ?? 0);
    return this.lines ? Math.max(...all) : all.reduce((a, b) => a + b, 0);
  }
}

// outline returns the line along a roof and the area between it and a floor; both
// are broken where the roof is not known or there is nothing between. What is
// there for one second only is made wide enough to be seen.
function outline(roof, floor, y) {
  let line = '', area = '';
  const there = i => roof[i] !== null && roof[i] > floor[i];
  for (let i = 0; i < seconds;) {
    if (!there(i)) { i++; continue; }
    const from = i, run = [], back = [];
    for (; i < seconds && there(i); i++) run.push(`${i} ${y(roof[i])}`);
    for (let j = i - 1; j >= from; j--) back.push(`${j} ${y(floor[j])}`);
    if (run.length === 1) {
      run.unshift(`${from - 0.6} ${y(roof[from])}`);
      back.push(`${from - 0.6} ${y(floor[from])}`);
    }
    line += 'M' + run.join('L');
    area += 'M' + run.join('L') + 'L' + back.join('L') + 'Z';
  }
  return { line, area };
}

// pointsAt calls at with the second that is pointed at in any of the charts; null:
// in none.
export function pointsAt(charts, at) {
  for (const c of charts) {
    const point = event => {
      const box = c.plot.getBoundingClientRect();
      at(Math.max(0, Math.min(width, Math.round((event.clientX - box.left) / box.width * width))));
    };
    c.plot.addEventListener('pointerdown', point);
    c.plot.addEventListener('pointermove', point);
    for (const end of ['pointerleave', 'pointercancel']) c.plot.addEventListener(end, () => at(null));
  }
}
