// What people do at (the simulated) Atlassian: make an API token on its page and copy it, sign in and
// give an app access, take it back.

import { until } from '../../lib/scene.mjs';

const passwordOf = (email) => `${email.split('@')[0]}-secret`;

// On a page that wants one to sign in.
async function logIn(page, email) {
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(passwordOf(email));
  await page.getByRole('button', { name: 'Log in' }).click();
}

// Where Connect leads to: signed in as that account, whoever was signed in before.
export async function signInThere(who, email) {
  const { page } = who;
  const isSomebody = await page.getByRole('button', { name: 'Log out' }).count();
  if (isSomebody && await page.getByText(email, { exact: true }).count()) return;
  if (isSomebody) await who.press('Log out');
  await who.leaving(() => logIn(page, email));
}

// Signs in when asked, chooses the site and presses Accept, or the other button. Ends where Atlassian
// leads to from there.
export async function consent(who, email, { site, button = 'Accept' } = {}) {
  await signInThere(who, email);
  if (site) await who.page.getByLabel('Use app on').selectOption({ label: site });
  await who.press(button);
}

// Connect of an own connection by OAuth2: to Atlassian and back.
export async function connectThere(who, name, email, options = {}) {
  await who.press(`${options.verb ?? 'Connect'} ${name}`);
  await consent(who, email, options);
}

// From the Connect dialog: follows its link to the token page in a new tab, signs in when asked,
// makes a token and leaves it in the clipboard. -> the token
export async function makeToken(who, email, label = 'Mortise') {
  const { context, page, stack } = who;
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: stack.simUrl });
  const [tab] = await Promise.all([context.waitForEvent('page'),
    page.getByRole('link', { name: /^Make an API token at Atlassian/ }).click()]);
  await tab.waitForLoadState();
  if (await tab.getByLabel('Email').count()) await logIn(tab, email);
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
