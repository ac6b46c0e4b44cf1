// Every part of the benchmark, briefly: that it works and that nothing is lost. Not how fast anything is. The
// relay is the optimised build with fault points, as the tests have no other; MORTISE_BENCH_BIN names another.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { selfCosts } from './callgrind.mjs';
import { SMOKE } from './plan.mjs';
import { samplesOf, stageOf, tableOfStages } from './profile.mjs';
import { lastLine, lost, page } from './report.mjs';
import { placeOf } from './symbols.mjs';

process.env.MORTISE_BENCH_BIN ??= 'build/faults/src/main/mortise';
process.env.PATH += ':/usr/sbin';
const { bench } = await import('./run.mjs');

test('every proxy is measured in every way, and no request is lost', { timeout: 120_000 }, async () => {
  const { results, about } = await bench(SMOKE);
  const text = page(results, about);
  assert.equal(lost(results), 0, text);
  for (const name of ['relay', 'nginx', 'haproxy', 'node']) {
    for (const [what, kind] of [['saturation', 'fast'], ['saturation', 'fast_tls'], ['latency', 'fast'],
      ['in flight', 'slow'], ['in flight', 'slow_tls']])
      assert.ok(results.median('requests', what, name, kind) > 0, `${name} ${what} ${kind}\n${text}`);
    assert.ok(results.median('mb', 'idle', name) > 1, name);
  }
  assert.ok(results.median('ms', 'start', 'relay') > 0);
  assert.match(lastLine(results), new RegExp('^relay_us=[\\d.]+ nginx_us=[\\d.]+ ratio=[\\d.]+ tls_ratio=[\\d.]+ ' +
    'p50_added_ratio=-?[\\d.]+ p99_added_ratio=-?[\\d.]+ mb_5000=[\\d.]+ idle_mb=[\\d.]+ lost=0$'));
});

test('callgrind: what a function calls is not its own', () => {
  const costs = selfCosts(['fl=(1) relay.c', 'ob=(1) /x/mortise', 'fn=(1) relay_begin', '10 5', 'cob=(2) /lib/libc.so.6',
    'cfn=(2) memcpy', 'calls=3 0', '+1 900', '+2 7', '', 'ob=(2)', 'fn=(2)', '0 900', 'totals: 912'].join('\n'));
  assert.deepEqual([...costs], [['/x/mortise\trelay_begin', 12], ['/lib/libc.so.6\tmemcpy', 900]]);
});

test('profile: a sample belongs to the innermost frame that a stage knows', () => {
  const [sending, parsing, idle] = samplesOf(['  ffff81 tcp_sendmsg+0x10 ([kernel.kallsyms])',
    '  7f01 Curl_send+0x5 (/usr/lib/libcurl.so.4.8.0)', '  55 upstream_wake+0x7 (/x/mortise)',
    '  55 http_respond+0x7 (/x/mortise)', '', ' 55 llhttp__internal__run+0x1 (/x/mortise)',
    ' 55 http_listen+0x9 (/x/mortise)', '', ' ffff81 schedule ([kernel.kallsyms])',
    ' 7f event_base_loop (/usr/lib/libevent_core-2.1.so.7.0.1)'].join('\n'));
  const stages = tableOfStages();
  assert.equal(stageOf(sending, stages), 'upstream');
  assert.equal(stageOf(parsing, stages), 'accept and parse');
  assert.equal(stageOf(idle, stages), 'the loop');
});

test('a function of ours is found in its file, another in its library', () => {
  assert.equal(placeOf('/x/mortise', 'http_respond'), 'src/http');
  assert.equal(placeOf('/usr/lib/x86_64-linux-gnu/libevent_core-2.1.so.7.0.1', 'evbuffer_read'), 'libevent_core');
});
