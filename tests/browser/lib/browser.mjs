// A real Chromium for the tests, and the people who sit in front of it. Everybody has a browser
// context of their own (cookies, storage). While a person looks around, everything that must never
// happen is written down: script errors, blocked content (CSP), failed or foreign requests, server
// errors. calm() fails with what was found.
//
//   const b = await openBrowser();            // before(); b.close() in after()
//   const ada = await b.person(stack, { client });   // signed in as an API client is, or signed out
//   await ada.visit('/apps');  await ada.press('New app');  await ada.fill('Name', 'Release desk');

import assert from 'node:assert/strict';

import { chromium } from 'playwright-core';

const CHROMIUM = process.env.MORTISE_CHROMIUM || '/usr/bin/chromium';
const ARGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  // no name but our own resolves, whatever a page or the browser itself may ask for
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1'];
export const PATIENCE = 20000; // ms until a wait fails: slow machines with sanitizers

export async function openBrowser() {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
  const people = [];
  return {
    async person(stack, options = {}) {
      const one = new Person(stack, options);
      people.push(one);
      await one.begin(browser);
      return one;
    },
    // Fails with what any person has met since the last time; for afterEach().
    calm() {
      const found = people.flatMap((one) => one.troubles.splice(0));
      assert.deepEqual(found, [], found.join('\n'));
    },
    close: () => browser.close(),
  };
}

export class Person {
  // options: client (takes over its session), script: false, context: of playwright's newContext
  constructor(stack, options) {
    this.stack = stack;
    this.options = options;
    this.troubles = [];
    this.expectedFailures = 0;
  }

  async begin(browser) {
    this.context = await browser.newContext({
      viewport: { width: 1280, height: 800 }, locale: 'en-GB', reducedMotion: 'reduce',
      javaScriptEnabled: this.options.script !== false, ...this.options.context,
    });
    this.context.setDefaultTimeout(PATIENCE);
    await this.takeSession(this.options.client);
    this.context.on('page', (page) => this.watch(page));
    this.page = await this.context.newPage();
  }

  async takeSession(client) {
    const cookies = [...(client?.cookies ?? [])].map(([name, value]) =>
      ({ name, value, url: this.stack.url }));
    if (cookies.length) await this.context.addCookies(cookies);
  }

  // The origins that people may be led to: Atlassian's pages.
  get atlassian() {
    const { simUrl, simPort } = this.stack;
    return [simUrl, ...['auth', 'id', 'acme', 'globex'].map((host) => `http://${host}.localhost:${simPort}`)];
  }

  // The same person, in another tab of the same browser.
  async newTab() {
    return Object.assign(Object.create(this), { page: await this.context.newPage() });
  }

  watch(page) {
    const note = (what) => this.troubles.push(`${what} (at ${page.url()})`);
    const documents = new Set(); // addresses of pages: a 422 there is an answer, not a trouble
    page.on('pageerror', (error) => note(`script error: ${error.message}`));
    page.on('response', (response) => {
      if (response.request().isNavigationRequest()) documents.add(response.url());
      if (response.status() >= 500 && this.expectedFailures === 0)
        note(`${response.status()} ${response.url()}`);
    });
    page.on('console', (message) => {
      if (!['error', 'warning'].includes(message.type()) || !page.url().startsWith(this.stack.url)) return;
      const isPage = /^Failed to load resource/.test(message.text()) && documents.has(message.location().url);
      if (!isPage) note(`console: ${message.text()}`);
    });
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      const from = new URL(request.frame().url() || 'about:blank').origin;
      const home = request.isNavigationRequest() ? [this.stack.url, ...this.atlassian] : [from];
      if (protocol !== 'data:' && !home.includes(origin)) note(`request to ${request.url()}`);
    });
    page.on('requestfailed', (request) => {
      if (request.failure()?.errorText !== 'net::ERR_ABORTED') note(`no answer: ${request.url()}`);
    });
  }

  // Runs `work`, in which answers with 5xx are what is tested.
  async expectingFailure(work) {
    this.expectedFailures += 1;
    try {
      return await work();
    } finally {
      this.expectedFailures -= 1;
    }
  }

  async visit(path) {
    const answer = await this.page.goto(new URL(path, this.stack.url).href);
    return answer?.status();
  }

  get path() {
    const url = new URL(this.page.url());
    return url.pathname + url.search;
  }

  // A part of the page by its heading or label, to say which of several buttons is meant.
  within(name) {
    return this.page.getByRole('region', { name, exact: true });
  }

  // The row of a list which shows that name.
  row(name) {
    return this.page.getByRole('listitem').filter({ has: this.page.getByText(name, { exact: true }) });
  }

  // Presses the link, button or menu item of that name and waits for the page that it leads to.
  async press(name, scope = this.page) {
    const target = scope.getByRole('button', { name, exact: true })
      .or(scope.getByRole('link', { name, exact: true })).filter({ visible: true });
    await this.leaving(() => target.click());
  }

  // Opens the ... menu of a connection (or what it is called) and presses an item.
  async choose(menu, item, scope = this.page) {
    const summary = scope.locator('summary').and(scope.getByLabel(menu, { exact: true }));
    await summary.click();
    const list = scope.locator('details[open]').filter({ has: summary });
    await this.leaving(() => list.getByRole('button', { name: item, exact: true })
      .or(list.getByRole('link', { name: item, exact: true })).click());
  }

  // The answer of the page that `work` leads to. The page on the way to Atlassian is not yet that.
  async leaving(work) {
    const [answer] = await Promise.all([this.page.waitForNavigation({ waitUntil: 'load' }), work()]);
    const isOnTheWay = answer?.status() === 200 && answer.request().method() === 'POST'
      && answer.url().endsWith('/connect');
    if (isOnTheWay) await this.page.waitForURL((url) => url.origin !== this.stack.url);
    return answer;
  }

  async fill(label, value, scope = this.page) {
    await scope.getByLabel(label, { exact: true }).fill(value);
  }

  // Waits for a text or pattern that can be seen somewhere in the main part.
  async sees(text) {
    await this.page.locator('main').getByText(text).filter({ visible: true }).first().waitFor();
  }

  async seesNot(text) {
    assert.equal(await this.page.getByText(text).filter({ visible: true }).count(), 0, `${text} is shown`);
  }

  // What the green, and the red, message says.
  notice() {
    return this.page.getByRole('status').innerText();
  }

  problem() {
    return this.page.locator('main [role=alert]').innerText();
  }

  heading() {
    return this.page.locator('h1').innerText();
  }

  async leave() {
    await this.context.close();
  }
}
