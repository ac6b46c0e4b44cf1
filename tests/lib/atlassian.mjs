// A person's browser at the simulated Atlassian, without JavaScript: signs in, reads the consent page,
// presses Accept or Cancel, and tells where it would be sent back to. It keeps its own cookies, as
// Atlassian is another host.
//
//   const anna = await atAtlassian(stack, ANNA);
//   const back = await anna.accept(authorizeUrl, { site: 'acme' });   // the callback's URL
//   const answer = await user.get(callbackPath(back));                // and back in Mortise
//
// connectByOauth() is all of it.

import assert from 'node:assert/strict';

import { Client } from './client.mjs';
import { formsOf } from './page.mjs';
import { connectPath } from './scene.mjs';

export class AtlassianBrowser {
  constructor(stack, email) {
    this.email = email;
    this.client = new Client(`http://auth.localhost:${stack.simPort}`);
  }

  async signIn() {
    const answer = await this.client.form('/login',
      { email: this.email, password: `${this.email.split('@')[0]}-secret` });
    assert.equal(answer.status, 303, answer.text);
    return this;
  }

  open(url) {
    return this.client.page(new URL(url).pathname + new URL(url).search);
  }

  // The consent page's form with the site chosen (by its name; else the first) -> {form, page}
  async consent(url, site) {
    const page = await this.open(url);
    assert.equal(page.status, 200, `no consent page: ${page.status} ${page.location} ${page.text}`);
    const form = formsOf(page.text).find((f) => f.names.has('csrf') && f.names.has('site'));
    assert.ok(form, `no consent form in ${page.text}`);
    const options = [...page.text.matchAll(/<option value="([^"]+)"[^>]*>([^<]+)</g)];
    const chosen = site ? options.find(([, , label]) => label.toLowerCase().startsWith(site.toLowerCase())) : options[0];
    assert.ok(chosen, `no site ${site} in ${page.text}`);
    return { page, values: { ...form.values, site: chosen[1] } };
  }

  async press(action, url, { site } = {}) {
    const { page, values } = await this.consent(url, site);
    const answer = await this.client.form(page.path, { ...values, action });
    assert.ok([302, 303].includes(answer.status), `${answer.status} ${answer.text}`);
    return answer.location;
  }

  accept(url, options) {
    return this.press('accept', url, options);
  }

  cancel(url, options) {
    return this.press('cancel', url, options);
  }
}

export const atAtlassian = (stack, email) => new AtlassianBrowser(stack, email).signIn();

// "/oauth/callback?code=..." of a whole URL.
export const callbackPath = (url) => new URL(url).pathname + new URL(url).search;

// Presses Connect -> the address to go to.
export async function authorizeUrl(client, app, id, more = {}) {
  const answer = await client.post(connectPath(app, id), more);
  assert.equal(answer.status, 200, answer.text);
  return answer.body.authorize_url;
}

// -> the answer of the callback. An answer that asks which site is given back as it is.
export async function connectByOauth(stack, client, app, id, email, options = {}) {
  const browser = options.browser ?? await atAtlassian(stack, email);
  const url = await authorizeUrl(client, app, id, options.more);
  return client.get(callbackPath(await browser.accept(url, options)));
}

// The same, with the site chosen when Mortise asks for it.
export async function connected(stack, client, app, id, email, options = {}) {
  let answer = await connectByOauth(stack, client, app, id, email, options);
  if (answer.code === 'choose_site') {
    const { confirm, sites } = answer.body;
    const site = sites.find((each) => each.name === (options.site ?? sites[0].name));
    answer = await client.post(connectPath(app, id), { confirm, site: site.id });
  }
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

// The press of Connect on a page is answered by a page that leads on at once (ui/leave.html) -> where.
export function leadsTo(answer) {
  assert.equal(answer.status, 200, answer.text);
  const [, url] = answer.text.match(/<meta http-equiv="refresh" content="0; url=([^"]+)">/) ?? [];
  assert.ok(url, `no way on in ${answer.text}`);
  return url.replaceAll('&amp;', '&');
}
