// The program itself: what runs, by which configuration, and what it uses.

import { make, byId, put, list, name } from './dom.js';
import { word, number, bytes, clock, span, moment } from './language.js';
import { said } from './said.js';

// program shows it. now is Sluice's time.
export function program(status, now) {
  list(byId('program'), facts(status, now), f => f.term, () => {
    const term = make('dt'), fact = make('dd'), e = make('div', '', term, fact);
    return { e, update(f) { put(term, f.term); put(fact, f.said.filter(Boolean).join(word('dot'))); name(e, f.warn ? 'warned' : ''); } };
  });
}

function facts(s, now) {
  const started = moment(s.started), loaded = moment(s.config.loaded);
  const all = [
    { term: word('p_running'), said: [started ? word('p_running_since', { span: span((now - started) / 1000), time: clock(started, now) }) : '–'] },
    { term: word('p_version'), said: [s.version, word('p_pid') + ' ' + s.pid] },
    {
      term: word('p_config'), warn: !!s.config.failed, said: [s.config.file,
        loaded ? word('p_loaded', { time: clock(loaded, now) }) : '', word('p_reloads', { n: number(s.config.reloads) }),
        said(s.config.failed), s.config.restart.length > 0 ? word('p_restart', { keys: s.config.restart.join(', ') }) : ''],
    },
    { term: word('p_traffic'), said: [word('p_traffic_of', { in: bytes(s.now.bytes_in), out: bytes(s.now.bytes_out) })] },
  ];
  for (const l of s.listeners) {
    all.push({
      term: word('p_listener', { key: l.key }), said: [l.address,
        word('p_open', { open: number(l.open), idle: number(l.idle) }),
        l.refused > 0 ? word('p_refused', { n: number(l.refused) }) : '',
        l.failed > 0 ? word('p_handshakes', { n: number(l.failed) }) : ''],
    });
  }
  const log = s.access_log;
  all.push({
    term: word('p_log'), warn: !!log?.failure, said: log
      ? [log.to, word('p_log_lines', { n: number(log.written) }), log.dropped > 0 ? word('p_log_lost', { n: number(log.dropped) }) : '', said(log.failure)]
      : [word('p_log_off')],
  });
  const m = s.memory;
  all.push({ term: word('p_memory'), said: [
    m.limit > 0 ? word('p_memory_of', { heap: bytes(m.heap), limit: bytes(m.limit) }) : bytes(m.heap),
    word('p_goroutines') + ' ' + number(m.goroutines),
    m.descriptors >= 0 ? word('p_descriptors') + ' ' + number(m.descriptors) : ''] });
  return all;
}
