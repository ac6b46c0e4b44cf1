// A caller of the API or, with page() and form(), a browser without JavaScript: keeps cookies,
// sends the CSRF token, never follows redirects by itself. Paths are sent exactly as they are given.
// What every client of a stack has seen is kept in its `seen` (stack.mjs), for the canary test.

import http from 'node:http';

import { formsOf } from './page.mjs';

export class Client {
  constructor(base, options = {}) {
    this.base = base;
    this.cookies = new Map();
    this.csrf = null;
    this.headers = options.headers ?? {};
    this.seen = options.seen ?? null;
    this.timeout = options.timeout ?? 60000;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  }

  // One exchange; body: text or bytes. The answer's headers are a Headers object.
  send(method, path, headers, body) {
    const url = path.startsWith('http') ? new URL(path) : null;
    const { port, host } = new URL(url ? url.origin : this.base);
    const options = {
      host: '127.0.0.1', port, method, path: url ? url.pathname + url.search : path,
      agent: this.agent, timeout: this.timeout, headers: { host, ...headers },
    };
    if (body !== undefined) options.headers['content-length'] = Buffer.byteLength(body);
    return new Promise((resolve, reject) => {
      const request = http.request(options);
      request.on('timeout', () => request.destroy(new Error(`no answer: ${method} ${path}`)));
      request.on('error', reject);
      request.on('response', async (response) => {
        const chunks = [];
        response.on('error', reject);
        for await (const chunk of response) chunks.push(chunk);
        const answerHeaders = new Headers();
        for (let i = 0; i < response.rawHeaders.length; i += 2)
          answerHeaders.append(response.rawHeaders[i], response.rawHeaders[i + 1]);
        resolve({
          status: response.statusCode, headers: answerHeaders, rawHeaders: response.rawHeaders,
          bytes: Buffer.concat(chunks),
        });
      });
      request.end(body);
    });
  }

  async fetch(method, path, { headers = {}, body } = {}) {
    const cookie = [...this.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
    const answer = await this.send(method, path,
      { ...this.headers, ...(cookie && { cookie }), ...headers }, body);
    answer.rawHeaders.forEach((name, i) => {
      if (i % 2 === 0 && /^set-cookie$/i.test(name)) this.keep(answer.rawHeaders[i + 1]);
    });
    const text = answer.bytes.toString('utf8');
    let json;
    if (/json/.test(answer.headers.get('content-type') ?? '')) {
      try {
        json = JSON.parse(text);
      } catch {
        json = undefined;
      }
    }
    this.seen?.push({ method, path, status: answer.status, headers: answer.rawHeaders, text });
    return { status: answer.status, headers: answer.headers, text, body: json, code: json?.code,
      bytes: answer.bytes, location: answer.headers.get('location'), path };
  }

  keep(line) {
    const [pair, ...attributes] = line.split(';').map((s) => s.trim());
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    if (attributes.some((a) => /^max-age=0$/i.test(a))) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(at + 1));
  }

  // --- JSON: paths without the prefix

  json(method, path, body, headers = {}) {
    return this.fetch(method, `/api/v1${path}`, {
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(this.csrf && method !== 'GET' && { 'x-csrf-token': this.csrf }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  }

  get(path) {
    return this.json('GET', path);
  }

  post(path, body = {}) {
    return this.json('POST', path, body);
  }

  patch(path, body = {}) {
    return this.json('PATCH', path, body);
  }

  delete(path, body = {}) {
    return this.json('DELETE', path, body);
  }

  async signIn(email, password = PASSWORD) {
    const answer = await this.post('/session', { email, password });
    if (answer.status === 200) this.signedIn(answer);
    return answer;
  }

  signedIn(answer) {
    this.csrf = answer.body.csrf;
    this.me = answer.body.me;
  }

  // --- pages and forms

  page(path, headers = {}) {
    return this.fetch('GET', path, { headers: { accept: 'text/html', ...headers } });
  }

  // A form post as a browser sends it. `_csrf` is added when known.
  form(path, fields = {}, headers = {}) {
    const body = new URLSearchParams({ ...(this.csrf && { _csrf: this.csrf }), ...fields });
    return this.fetch('POST', path, {
      headers: {
        accept: 'text/html',
        'content-type': 'application/x-www-form-urlencoded',
        origin: this.base,
        ...headers,
      },
      body: body.toString(),
    });
  }

  // Finds the form on a page that was fetched before, fills it in and sends it, with nothing but
  // what stands in the form: `action` is a part of its action and method, `values` what is typed.
  submit(page, action, values = {}) {
    let forms = formsOf(page.text).filter((f) => `${f.method} ${f.action}`.includes(action));
    if (forms.length > 1) forms = forms.filter((f) => Object.keys(values).every((name) => f.names.has(name)));
    if (forms.length !== 1)
      throw new Error(`${forms.length} forms for ${action} in\n${page.text.slice(0, 4000)}`);
    const [form] = forms;
    for (const name of Object.keys(values))
      if (!form.names.has(name)) throw new Error(`the form ${action} has no ${name}`);
    const body = new URLSearchParams({ ...form.values, ...values }).toString();
    const target = form.action || page.path;
    if (form.method === 'GET') return this.page(`${target}?${body}`);
    return this.fetch('POST', target, {
      headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded',
        origin: this.base },
      body,
    });
  }

  // Follows the redirect of a form post, as a browser does.
  async follow(answer) {
    if (answer.status !== 303) throw new Error(`no redirect: ${answer.status}\n${answer.text}`);
    return this.page(answer.location);
  }
}

export const PASSWORD = 'correct horse battery';
