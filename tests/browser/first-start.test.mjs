// Point 1 in a browser: the first start, invitations, passwords, disabling and enabling, lost
// passwords, signing out here and everywhere.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { PASSWORD } from '../lib/client.mjs';
import { startStack } from '../lib/stack.mjs';
import { openBrowser } from './lib/browser.mjs';

const NEW_PASSWORD = 'a brand new password';

let s;
let b;
let root;
let ina;
let link; // one-time, shown to the workspace admin last

before(async () => {
  s = await startStack(null, { sim: false });
  b = await openBrowser();
  root = await b.person(s);
  ina = await b.person(s);
});
afterEach(() => b.calm());
after(async () => {
  await b?.close();
  await s?.close();
});

async function signIn(who, email, password) {
  await who.visit('/session');
  await who.fill('E-mail', email);
  await who.fill('Password', password);
  await who.press('Sign in', who.page.locator('main'));
}

async function shownLink(who) {
  await who.sees('It is shown only now');
  const url = await who.page.getByLabel('Link').inputValue();
  assert.match(url, /^http:\/\/localhost:\d+\/links\/[\w-]{43}$/);
  return url;
}

async function openUser(name) {
  await root.visit('/users');
  await root.press(name);
}

// Signed in, with the person's name in the bar.
const signedInAs = (who, name) =>
  who.page.getByLabel(`Your account: ${name}`).waitFor();
const signedOut = async (who) => {
  await who.visit('/me');
  assert.match(who.path, /^\/session/);
};

test('a fresh start sends everybody to the sign-in page, which says where the link is', async () => {
  await ina.visit('/');
  assert.equal(ina.path.split('?')[0], '/session');
  await ina.sees('Open the link that it printed');
});

test('the printed link makes the workspace admin', async () => {
  await root.visit(await s.setupPath());
  assert.equal(await root.heading(), 'Set up Mortise');
  await root.fill('Your name', 'Rosa Root');
  await root.fill('E-mail', 'rosa@example.com');
  await root.fill('Password', 'too short');
  await root.page.getByRole('button', { name: 'Create the workspace' }).click();
  assert.equal(await root.page.locator('#password:invalid').count(), 1, 'the browser tells the rule');
  await root.page.getByRole('button', { name: 'Show' }).click();
  assert.equal(await root.page.getByLabel('Password').getAttribute('type'), 'text');
  await root.fill('Password', PASSWORD);
  await root.press('Create the workspace');
  await signedInAs(root, 'Rosa Root');
  await root.sees('No apps yet');
});

test('the workspace admin invites somebody; the link is shown once and can be copied', async () => {
  await root.press('Users');
  await root.fill('E-mail', 'ina@example.com');
  await root.fill('Name optional', 'Ina Invited');
  await root.press('Make an invitation link');
  assert.equal(await root.heading(), 'Send this link to Ina Invited');
  link = await shownLink(root);
  await root.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: s.url });
  await root.page.getByRole('button', { name: 'Copy' }).click();
  await root.page.getByRole('button', { name: 'Copied' }).waitFor();
  assert.equal(await root.page.evaluate('navigator.clipboard.readText()'), link);
  await root.press('Done');
  await root.sees('Invited');
});

test('a second browser takes the link', async () => {
  await ina.visit(link);
  assert.equal(await ina.heading(), 'Welcome, Ina Invited');
  await ina.fill('Password', PASSWORD);
  await ina.press('Create my account');
  await signedInAs(ina, 'Ina Invited');
  assert.equal(await ina.page.getByRole('link', { name: 'Users' }).count(), 0);
  assert.equal(await ina.visit('/users'), 403);
  const late = await b.person(s);
  assert.equal(await late.visit(link), 410);
  await late.sees('This link was used already');
  await late.leave();
});

test('a person renames themselves and changes the password', async () => {
  await ina.visit('/me');
  await ina.fill('Name', 'Ina Nowhere');
  await ina.press('Save');
  await signedInAs(ina, 'Ina Nowhere');
  await ina.fill('Current password', 'not the right one');
  await ina.fill('New password', NEW_PASSWORD);
  await ina.press('Change the password');
  await ina.page.locator('#current_password-error').waitFor();
  assert.equal(await ina.page.getByLabel('New password').inputValue(), '', 'secrets do not come back');
  await ina.fill('Current password', PASSWORD);
  await ina.fill('New password', NEW_PASSWORD);
  await ina.press('Change the password');
  assert.match(await ina.notice(), /password/i);
});

test('signing out here leaves the other browser signed in', async () => {
  const there = await b.person(s);
  await signIn(there, 'ina@example.com', PASSWORD);
  assert.match(await there.problem(), /do not match/);
  assert.equal(await there.page.getByLabel('E-mail').inputValue(), 'ina@example.com');
  await there.fill('Password', NEW_PASSWORD);
  await there.press('Sign in', there.page.locator('main'));
  await signedInAs(there, 'Ina Nowhere');
  await ina.page.getByLabel('Your account: Ina Nowhere').click();
  await ina.press('Sign out');
  assert.equal(await ina.heading(), 'Sign in to Mortise');
  await signedOut(ina);
  assert.equal(await there.visit('/me'), 200);
  assert.equal(await there.path, '/me');
  await there.leave();
});

test('signing out everywhere ends the other browser\'s session too', async () => {
  const there = await b.person(s);
  await signIn(ina, 'ina@example.com', NEW_PASSWORD);
  await signIn(there, 'ina@example.com', NEW_PASSWORD);
  await there.visit('/me');
  await there.sees('This browser');
  await there.sees('Chrome on Linux');
  await there.press('Sign out everywhere');
  assert.match(await there.notice(), /signed out everywhere/);
  await signedOut(ina);
  await there.leave();
});

test('a lost password gets a one-time link; the old one is void after it', async () => {
  await openUser('Ina Nowhere');
  await root.press('Make a link');
  await ina.visit(await shownLink(root));
  assert.equal(await ina.heading(), 'Choose a new password');
  await ina.fill('Password', PASSWORD);
  await ina.press('Set the password');
  await signedInAs(ina, 'Ina Nowhere');
  const there = await b.person(s);
  await signIn(there, 'ina@example.com', NEW_PASSWORD);
  assert.match(await there.problem(), /do not match/);
  await there.leave();
});

test('a disabled person is out at once and comes back when enabled', async () => {
  await openUser('Ina Nowhere');
  await root.press('Disable');
  await root.sees('Enable again');
  await signedOut(ina);
  await signIn(ina, 'ina@example.com', PASSWORD);
  assert.match(await ina.problem(), /do not match an active account/);
  await root.press('Enable');
  await signIn(ina, 'ina@example.com', PASSWORD);
  await signedInAs(ina, 'Ina Nowhere');
});

test('the last workspace admin stays one', async () => {
  await openUser('Rosa Root');
  await root.press('Take away');
  assert.match(await root.problem(), /last active workspace admin/);
});

test('sign-in leads to the page that was asked for', async () => {
  const there = await b.person(s);
  await there.visit('/me/connections');
  assert.equal(await there.heading(), 'Sign in to Mortise');
  await there.fill('E-mail', 'rosa@example.com');
  await there.fill('Password', PASSWORD);
  await there.press('Sign in', there.page.locator('main'));
  assert.equal(there.path, '/me/connections');
  await there.leave();
});
