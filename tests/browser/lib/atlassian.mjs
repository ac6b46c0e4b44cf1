// What people do at (the simulated) Atlassian: make an API token on its page and copy it.

import { until } from '../../lib/scene.mjs';

const PASSWORDS = { 'anna@acme.example': 'anna-secret', 'bob@acme.example': 'bob-secret' };

// From the Connect dialog: follows its link to the token page in a new tab, signs in when asked,
// makes a token and leaves it in the clipboard. -> the token
export async function makeToken(who, email, label = 'Mortise') {
  const { context, page, stack } = who;
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: stack.simUrl });
  const [tab] = await Promise.all([context.waitForEvent('page'),
    page.getByRole('link', { name: /^Make an API token at Atlassian/ }).click()]);
  await tab.waitForLoadState();
  if (await tab.getByLabel('Email').count()) {
    await tab.getByLabel('Email').fill(email);
    await tab.getByLabel('Password').fill(PASSWORDS[email]);
    await tab.getByRole('button', { name: 'Log in' }).click();
  }
  await tab.getByLabel('Name', { exact: true }).fill(label);
  await tab.getByRole('button', { name: 'Create', exact: true }).click();
  await tab.getByRole('button', { name: 'Copy' }).click();
  await tab.getByRole('button', { name: 'Copied' }).waitFor();
  const token = await tab.locator('#token').innerText();
  await until(async () => await tab.evaluate('navigator.clipboard.readText()') === token, 'copying');
  await tab.close();
  return token;
}

// Puts the clipboard into the field of that label.
export async function paste(who, label) {
  await who.page.bringToFront();
  await who.page.getByLabel(label, { exact: true }).focus();
  await who.page.keyboard.press('Control+V');
  await until(() => who.page.getByLabel(label, { exact: true }).inputValue(), 'pasting');
}

// The Connect dialog, filled in and sent. `key` is entered, or pasted when it is left out.
export async function connectForm(who, { site, username, key, expires, button = 'Connect' }) {
  if (site) await who.fill('Base URL', site);
  await who.fill('Username', username);
  if (expires) await who.page.getByLabel('Expiry date').fill(expires);
  if (key === undefined) await paste(who, 'API key');
  else await who.fill('API key', key);
  await who.press(button, who.page.locator('main'));
}
