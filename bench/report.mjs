// What the results say: a page for people, and one line for whoever compares.

import { DELAY_MS } from './servers.mjs';
import { spread } from './plan.mjs';

const number = (value, digits = 1) => (Number.isFinite(value) ? value.toFixed(digits) : '-');
const whole = (value) => (Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : '-');
const percent = (value) => `${Math.round(value * 100)} %`;

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

const namesOf = (results, ...which) => [...new Set(results.of(...which).map((r) => r.name))];

// relay's to nginx's, the median of the rounds: both of a round met the same machine.
function ratio(results, field, what, kind, size) {
  const of = (name) => results.of(what, name, kind, size).map((r) => r[field]);
  const [ours, theirs] = [of('relay'), of('nginx')];
  const each = ours.map((value, i) => value / theirs[i]).filter(Number.isFinite).sort((a, b) => a - b);
  return each.length ? each[each.length >> 1] : NaN;
}

// What a proxy adds to a quantile of asking the upstream directly.
const added = (results, field, name) =>
  results.median(field, 'latency', name) - results.median(field, 'latency', 'direct');
const addedRatio = (results, field) => added(results, field, 'relay') / added(results, field, 'nginx');

function saturation(results, kind, title) {
  const nginx = results.median('cpu_us', 'saturation', 'nginx', kind);
  const rows = namesOf(results, 'saturation', undefined, kind).map((name) => {
    const of = (field) => results.median(field, 'saturation', name, kind);
    const costs = results.of('saturation', name, kind).map((r) => r.cpu_us);
    const bare = name === 'direct';
    return [name, whole(of('rps')), bare ? '-' : number(of('cpu_us')), bare ? '-' : percent(spread(costs)),
      bare ? '-' : number(of('cpu_us') / nginx, 2), bare ? '-' : percent(of('busy'))];
  });
  return `### ${title}\n\n${table(['', 'requests/s', 'us/request', 'spread', 'to nginx', 'core used'], rows)}`;
}

function latency(results) {
  const rows = namesOf(results, 'latency').map((name) => {
    const of = (field) => results.median(field, 'latency', name);
    const plus = (field) => (name === 'direct' ? '-' : number(added(results, field, name), 0));
    const span = (field) => percent(spread(results.of('latency', name).map((r) => r[field])));
    return [name, whole(of('at')), number(of('p50'), 0), plus('p50'), span('p50'), number(of('p99'), 0), plus('p99'),
      span('p99')];
  });
  return `### Latency at a third of the relay's saturation, us\n\n${table(
    ['', 'requests/s', 'p50', 'added', 'spread', 'p99', 'added', 'spread'], rows)}`;
}

function inFlight(results, kind, title) {
  const sizes = [...new Set(results.of('in flight', undefined, kind).map((r) => r.size))];
  const rows = sizes.flatMap((size) => namesOf(results, 'in flight', undefined, kind).map((name) => {
    const of = (field) => results.median(field, 'in flight', name, kind, size);
    const nginx = results.median('rps', 'in flight', 'nginx', kind, size);
    return [whole(size), name, whole(of('rps')), number(of('rps') / nginx, 2), number(of('cpu_us')),
      number(of('mb'), 0), number(of('pss'), 0), number(of('p99') / 1000, 0)];
  }));
  return `### ${title}\n\n${table(['in flight', '', 'requests/s', 'to nginx', 'us/request', 'MB resident', 'MB proportional',
    'p99 ms'], rows)}`;
}

function idle(results) {
  const rows = results.of('idle').map((r) => [r.name, number(r.mb), number(r.pss)]);
  return `### Idle, before the first request\n\n${table(['', 'MB resident', 'MB proportional'], rows)}`;
}

const sorted = (sums) => Object.entries(sums).sort((a, b) => b[1] - a[1]);

function stages(results) {
  return results.of('stages').map((r) => {
    const part = (sums, n) => table(['', 'us', 'share'],
      sorted(sums).slice(0, n).map(([name, us]) => [name, number(us, 2), percent(us / r.us)]));
    return `### Where the relay's microseconds go, ${r.kind}\n\n${part(r.stages, 20)}\n\n` +
      `Hottest functions (${r.samples} samples):\n\n${part(r.hottest, 25)}`;
  }).join('\n\n') || '### Where the relay\'s microseconds go\n\nNot measured: perf is missing or may not be used.';
}

function instructions(results) {
  const rows = results.of('instructions');
  if (rows.length === 0) return '### Instructions a request, user space\n\nNot counted: valgrind is missing.';
  const sums = rows.map((r) => [r.name, r.kind, whole(r.all)]);
  const ours = rows.filter((r) => r.name === 'relay').map((r) => `${r.kind}: ${sorted(r.where).slice(0, 12)
    .map(([place, n]) => `${place} ${whole(n)}`).join(', ')}`);
  return `### Instructions a request, user space (callgrind)\n\n${table(['', '', 'instructions'], sums)}\n\n` +
    ours.join('\n\n');
}

function start(results) {
  const all = results.of('start').map((r) => r.ms);
  return all.length ? `### Start\n\nFirst relayed answer ${whole(results.median('ms', 'start'))} ms after the start of ` +
    `the process (${all.map(whole).join(', ')}).` : '';
}

export const lost = (results, name) =>
  results.rows.filter((r) => !name || r.name === name).reduce((all, r) => all + (r.lost ?? 0) + (r.failed_connects ?? 0), 0);

function losses(results) {
  const rows = results.rows.filter((r) => r.lost || r.failed_connects)
    .map((r) => `${r.name}, ${r.what} ${r.size ?? ''} ${r.kind}: ${r.lost} lost, ${r.failed_connects} connections refused`);
  return `### Lost\n\n${rows.join('\n\n') || 'Nothing, of any of them.'}`;
}

function header(about) {
  const versions = Object.entries(about.versions).map(([name, version]) => `${name} ${version}`).join(', ');
  const [before, after] = about.load;
  const calm = before < 0.7 ? '' : '\n\nThe machine was not calm when this began: figures of time are not to be trusted.';
  return `# ${about.date} UTC, ${about.commit}\n\n${about.cpu}; ${about.memory}; ${about.kernel}; ${versions}.\n` +
    `Load average before ${number(before, 2)}, after ${number(after, 2)}. ${about.plan.rounds} rounds of ` +
    `${about.plan.seconds} s each, medians; spread is (highest - lowest) / median. The slow upstream answers after ` +
    `${DELAY_MS} ms.${calm}`;
}

export function page(results, about) {
  return [header(about),
    saturation(results, 'fast', 'As many as they can, 64 connections, plain upstream'),
    saturation(results, 'fast_tls', 'As many as they can, 64 connections, TLS upstream (relay: HTTP/2)'),
    latency(results), idle(results),
    inFlight(results, 'slow', 'In flight, plain upstream'),
    inFlight(results, 'slow_tls', 'In flight, TLS upstream (relay: HTTP/2)'),
    stages(results), instructions(results), start(results), losses(results)].join('\n\n') + '\n';
}

// The larger of plain and TLS counts as the memory at 5,000.
export function summary(results) {
  const biggest = Math.max(...results.of('in flight', 'relay').filter((r) => r.size >= 5000 || r.size < 1000)
    .filter((r) => r.size !== 9500).map((r) => r.mb));
  return {
    relay_us: results.median('cpu_us', 'saturation', 'relay', 'fast'),
    nginx_us: results.median('cpu_us', 'saturation', 'nginx', 'fast'),
    ratio: ratio(results, 'cpu_us', 'saturation', 'fast'),
    tls_ratio: ratio(results, 'cpu_us', 'saturation', 'fast_tls'),
    p50_added_ratio: addedRatio(results, 'p50'),
    p99_added_ratio: addedRatio(results, 'p99'),
    mb_5000: biggest,
    idle_mb: results.median('mb', 'idle', 'relay'),
    lost: lost(results, 'relay'),
  };
}

export function lastLine(results) {
  return Object.entries(summary(results))
    .map(([name, value]) => `${name}=${name === 'lost' ? value : number(value, name.includes('ratio') ? 2 : 1)}`).join(' ');
}
