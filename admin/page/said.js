// What Sluice says in sentences of its own, told in the language of the page: known
// again by its English words, with the values in it as they are.

import { isEnglish, word, phrase, minute } from './language.js';
import { steps, refusals, reasons, lookups, system } from './reasons.js';
import { mistakes, corrections, kinds } from './mistakes.js';
import { advice } from './advice.js';

// formOf takes a pair of words apart: fixed text and the name of a value by turns.
const formOf = ([english, chinese]) => ({ parts: english.split(/\{(\w+)\}/), chinese });
const formsOf = (...tables) => tables.flatMap(t => Object.values(t).map(formOf));

const sentences = formsOf(refusals, reasons, lookups, system, mistakes, corrections);
const advices = formsOf(advice);

const breaks = /; |\n/; // what stands between two sentences
const inOne = 4; // pieces between such breaks that may be one sentence
const open = /^(why|detail)$/; // names of values that may be sentences themselves
const single = /^(key|least|most)$/; // and of those that are one word
const choice = / (?:or|and|too|beside|with|for)\b/; // English, which an example has none of

// fits reports whether a text may be the value of that name. One that a form begins
// with is no place that stands before a sentence.
function fits(value, name, first) {
  if (value === '') return false;
  if (open.test(name)) return true;
  return !breaks.test(value) && !(first && value.includes(': ')) &&
    !(single.test(name) && value.includes(' ')) && !(name === 'example' && choice.test(value));
}

// valuesIn returns the values of a form in a text; null if it is another sentence.
function valuesIn({ parts }, text) {
  if (!text.startsWith(parts[0]) || !text.endsWith(parts[parts.length - 1])) return null;
  if (parts.length === 1) return text === parts[0] ? {} : null;
  const values = {};
  for (let i = 1, at = parts[0].length; i < parts.length; i += 2) {
    const last = i + 2 === parts.length;
    const end = last ? text.length - parts[i + 1].length : text.indexOf(parts[i + 1], at);
    if (end < at || !fits(text.slice(at, end), parts[i], i === 1 && parts[0] === '')) return null;
    values[parts[i]] = text.slice(at, end);
    at = end + parts[i + 1].length;
  }
  return values;
}

// told tells a value of a sentence.
function told(name, value, short) {
  if (name === 'why') return sentence(value, short);
  if (name === 'date') return minute(value);
  if (/^kind/.test(name)) return phrase(kinds, Object.keys(kinds).find(k => kinds[k][0] === value) ?? value);
  return value;
}

// known tells one sentence by the forms; undefined: none of them is its.
function known(forms, text, short) {
  for (const form of forms) {
    const values = valuesIn(form, text);
    if (!values) continue;
    const chinese = short ? form.chinese.replace('（{detail}）', '') : form.chinese;
    return chinese.replace(/\{(\w+)\}/g, (_, name) => told(name, values[name], short));
  }
  return undefined;
}

// order tells why an order failed: the CA, what was being done, and the reason.
function order(text, short) {
  const found = /^(\S+): (.*)$/s.exec(text);
  const step = found && Object.values(steps).find(s => found[2].startsWith(s[0] + ': '));
  if (!step) return undefined;
  const why = found[2].slice(step[0].length + 2), reason = one(why, short);
  if (short && reason) return reason;
  const values = { ca: found[1], step: step[1], why: reason ?? why };
  return word(short ? 'step_failed' : 'order_failed', values);
}

// one tells a sentence, before which it may say where: "FILE:LINE: KEY: ".
function one(text, short) {
  const whole = order(text, short) ?? known(sentences, text, short);
  if (whole !== undefined) return whole;
  for (let at = text.indexOf(': '); at >= 0; at = text.indexOf(': ', at + 1)) {
    if (breaks.test(text.slice(0, at))) break;
    const rest = known(sentences, text.slice(at + 2), short);
    if (rest !== undefined) return text.slice(0, at) + word('colon') + rest;
  }
  return undefined;
}

// sentence tells what may be several, one after the other; what is not known stays.
function sentence(text, short) {
  const whole = one(text, short);
  if (whole !== undefined) return whole;
  const pieces = text.split(breaks), all = [];
  for (let i = 0; i < pieces.length;) {
    // A sentence may have a semicolon in it: the longest that is known is meant.
    let end = Math.min(pieces.length, i + inOne), found;
    for (; end > i && found === undefined; end--) found = one(pieces.slice(i, end).join('; '), short);
    all.push(found ?? pieces[i]);
    i = found === undefined ? i + 1 : end + 1;
  }
  return all.every((piece, i) => piece === pieces[i]) ? text : all.join('；');
}

const most = 500; // texts that are remembered: the same ones are shown each second
const before = new Map();

// said tells what Sluice says. short leaves out the words of others.
export function said(text, short = false) {
  if (isEnglish() || !text) return text ?? '';
  const key = (short ? '-' : '+') + text;
  if (!before.has(key)) {
    if (before.size >= most) before.clear();
    before.set(key, sentence(text, short));
  }
  return before.get(key);
}

// advised tells what may be done about a certificate; empty: it is not known so.
export const advised = text => isEnglish() || !text ? text ?? '' : known(advices, text, false) ?? '';
