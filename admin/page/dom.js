// Elements are made once and then changed where something has changed, so that
// nothing flickers, and what is open or selected stays so. All text goes in as
// text: much of it was sent by strangers.

// make returns an element with a class and what is in it.
export function make(tag, name = '', ...inside) {
  const e = document.createElement(tag);
  if (name) e.className = name;
  e.append(...inside);
  return e;
}

// byId returns an element of the page.
export const byId = id => document.getElementById(id);

// put sets a text.
export function put(e, text) {
  text = String(text ?? '');
  if (e.textContent !== text) e.textContent = text;
}

// show shows an element or hides it.
export function show(e, on) {
  if (e.hidden === !!on) e.hidden = !on;
}

// name sets the class of an element.
export function name(e, text) {
  if (e.className !== text) e.className = text;
}

// attribute sets an attribute.
export function attribute(e, key, value) {
  if (e.getAttribute(key) !== value) e.setAttribute(key, value);
}

const lists = new WeakMap(); // parent → rows by key

// list keeps the children of an element in step with items. Each has a key; make
// returns a row {e, update} for an item that is new.
export function list(parent, items, keyOf, makeRow) {
  const before = parent.firstChild && lists.get(parent) || new Map(), rows = new Map(); // emptied: all is made anew
  let at = parent.firstChild;
  for (const item of items) {
    let key = String(keyOf(item));
    while (rows.has(key)) key += '\u0000'; // two that are alike are two
    const row = before.get(key) ?? makeRow(item);
    row.update(item);
    rows.set(key, row);
    if (row.e === at) at = at.nextSibling;
    else parent.insertBefore(row.e, at);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
  lists.set(parent, rows);
}

// table returns a table with a heading for each column; its rows are filled in by
// list. A column is {text, name}, name being its class.
export function table(caption, columns) {
  const head = make('tr');
  for (const c of columns) {
    const th = make('th', c.name ?? '', c.text);
    th.scope = 'col';
    head.append(th);
  }
  const body = make('tbody');
  return { e: make('table', '', make('caption', 'heard', caption), make('thead', '', head), body), body };
}

// cells returns a row of a table with as many cells; the first one heads it.
export function cells(names) {
  const all = names.map((n, i) => make(i ? 'td' : 'th', n));
  all[0].scope = 'row';
  return { e: make('tr', '', ...all), all };
}
