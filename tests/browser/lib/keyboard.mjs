// A person who has a keyboard only. Moves by Tab as long as it takes to come to what is wanted, and
// insists that one can see where one is.

import assert from 'node:assert/strict';

const TABS_MAX = 60;

// What has the focus: its name, and whether it looks different from when it had not.
function focused() {
  const e = document.activeElement;
  if (!e || e === document.body) return { name: '', seen: true };
  const clean = (text) => (text ?? '').replace(/\s+/g, ' ').trim();
  const name = clean(e.getAttribute('aria-label')) || clean(e.labels?.[0]?.innerText) || clean(e.innerText);
  const look = (x) => {
    const style = getComputedStyle(x);
    return [style.outlineStyle, style.outlineWidth, style.boxShadow, style.borderColor,
      style.backgroundColor].join();
  };
  const marked = e.closest('label') ?? e; // a card around a radio button may show it
  const withFocus = look(e) + look(marked);
  if (e.type === 'date') return { name, seen: !/^none,.*none/.test(withFocus) }; // blur() would start anew
  e.blur();
  const without = look(e) + look(marked);
  e.focus({ focusVisible: true });
  const box = e.getBoundingClientRect();
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return { name, seen: withFocus !== without && inside };
}

export function keyboard(who) {
  const { page } = who;
  const keys = {
    // Tab until the element whose name is, or begins with, that; a pattern must match.
    async to(name, tab = 'Tab') {
      const wanted = (found) => (name instanceof RegExp ? name.test(found) : found === name);
      const met = [];
      for (let i = 0; i < TABS_MAX; i += 1) {
        const now = await page.evaluate(focused);
        assert.ok(now.seen, `the focus on "${now.name}" cannot be seen`);
        if (wanted(now.name)) return;
        met.push(now.name);
        await page.keyboard.press(tab);
      }
      assert.fail(`Tab does not come to ${name}: ${met.join(' | ')}`);
    },
    async type(name, text) {
      await keys.to(name);
      await page.keyboard.press('Control+A');
      await page.keyboard.type(text);
    },
    // Enter on a link or button, and the page it leads to.
    async enter(name) {
      if (name) await keys.to(name);
      return who.leaving(() => page.keyboard.press('Enter'));
    },
    press: (key) => page.keyboard.press(key),
    name: async () => (await page.evaluate(focused)).name,
  };
  return keys;
}
