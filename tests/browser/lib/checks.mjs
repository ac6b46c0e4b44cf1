// What every page must be, whoever looks at it: free of accessibility faults in light and dark, no
// wider than its window on a telephone. Keeps pictures of it as build output.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { ROOT } from '../../lib/stack.mjs';

export const PICTURES = path.join(ROOT, 'build/screenshots');
const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const COLOUR_RULES = ['color-contrast', 'link-in-text-block']; // all that dark can change

// -> lines; the page's own policy stays in force (the script comes in over the debugger)
export async function axeProblems(page, rules) {
  if (await page.evaluate('typeof axe') === 'undefined') await page.evaluate(AXE);
  const options = { resultTypes: ['violations'], ...(rules && { runOnly: rules }) };
  const { violations } = await page.evaluate(`axe.run(${JSON.stringify(options)})`);
  return violations.filter((v) => v.impact !== 'minor').map((v) =>
    `${v.impact} ${v.id}: ${v.help}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join('; ')}`);
}

// What is cut off or sticks out of the window: the elements that are to blame.
export function overflow(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const held = (element) => {
      for (let e = element; e; e = e.parentElement)
        if (getComputedStyle(e).overflowX !== 'visible') return true;
      return false;
    };
    const out = [...document.body.querySelectorAll('*')].filter((e) => {
      const box = e.getBoundingClientRect();
      return box.width > 0 && box.right > width + 0.5 && !held(e);
    }).map((e) => `${e.tagName.toLowerCase()}.${e.className}: ${e.textContent.trim().slice(0, 40)}`);
    return document.documentElement.scrollWidth > width && out.length === 0 ? ['the page'] : out;
  });
}

async function picture(page, name, view) {
  await page.screenshot({ path: path.join(PICTURES, `${name}-${view}.png`), fullPage: true });
}

// Looks at the page as it is now: four pictures, and every check. Fails with all that was found.
export async function look(page, name) {
  fs.mkdirSync(PICTURES, { recursive: true });
  const found = [];
  const check = async (view, list) => found.push(...(await list).map((line) => `${name}, ${view}: ${line}`));
  for (const [view, colorScheme, width, height] of [['light', 'light', 1280, 800],
    ['dark', 'dark', 1280, 800], ['360', 'light', 360, 740], ['1600', 'light', 1600, 900]]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    await picture(page, name, view);
    await check(view, overflow(page));
    if (view === 'light') await check(view, axeProblems(page));
    if (view === 'dark') await check(view, axeProblems(page, COLOUR_RULES));
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 800 });
  assert.deepEqual(found, [], found.join('\n'));
}

// A picture for the user's help: `part` of the page as it is now, in a window 760 wide. The
// addresses that only this test has are shown as people know theirs.
export async function helpPicture({ page, stack }, name, part) {
  const addresses = [[stack.site('acme'), 'https://acme.atlassian.net'],
    [stack.site('globex'), 'https://globex.atlassian.net'], [stack.url, 'https://mortise.example.com']];
  fs.mkdirSync(PICTURES, { recursive: true });
  await page.setViewportSize({ width: 760, height: 900 });
  await page.evaluate(replaceTexts, addresses);
  await page.evaluate(() => document.activeElement?.blur());
  await part(page).screenshot({ path: path.join(PICTURES, `help-${name}.png`) });
  await page.evaluate(replaceTexts, addresses.map((pair) => [...pair].reverse()));
  await page.setViewportSize({ width: 1280, height: 800 });
}

function replaceTexts(pairs) {
  const replaced = (text) => pairs.reduce((t, [from, to]) => t.replaceAll(from, to), text);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode())
    if (node.data !== replaced(node.data)) node.data = replaced(node.data);
  for (const input of document.querySelectorAll('input:not([type=hidden], [type=password])'))
    if (input.value !== replaced(input.value)) input.value = replaced(input.value);
}

// Runs `work`; when it fails, keeps a picture of what the person had before them.
export async function pictured(person, name, work) {
  try {
    return await work();
  } catch (error) {
    const file = path.join(PICTURES, `failed-${name.replace(/\W+/g, '-')}.png`);
    await person.page.screenshot({ path: file }).catch(() => {});
    error.message += `\nat ${person.page.url()}, see ${path.relative(ROOT, file)}`;
    throw error;
  }
}
