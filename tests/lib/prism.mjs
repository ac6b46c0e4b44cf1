// Atlassian's OpenAPI file as a judge between Mortise and the simulator: Mortise -> a front, the host
// that Mortise knows as the site -> Prism, which turns every request or answer that breaks the file
// into an error of its own -> the simulator.
//
// What the file does not know goes past Prism: whatever is not below /rest, and what fits one
// of `past` ("METHOD /path"): what Jira itself does otherwise than its file says.

import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

import { freePort, Process, ROOT } from './stack.mjs';

export const SPEC = process.env.MORTISE_JIRA_SPEC ?? path.join(ROOT, '../shared/data/jira-v3.json');
const CLI = path.join(ROOT, 'tests/node_modules/@stoplight/prism-cli/dist/index.js');
const VERDICT = /stoplight\.io\/prism/;

export function reasonToSkip() {
  if (!fs.existsSync(SPEC))
    return 'no OpenAPI file of Jira Cloud: set MORTISE_JIRA_SPEC to a copy of'
      + ' https://developer.atlassian.com/cloud/jira/platform/swagger-v3.v3.json';
  if (!fs.existsSync(CLI)) return 'Prism is not installed: run npm ci in tests/';
  return false;
}

// Without the headers that concern one connection only (RFC 9110 section 7.6.1).
const passable = ({ connection, 'keep-alive': _, 'transfer-encoding': __, ...headers }) => headers;

export class Judge {
  constructor(port, prismPort, past) {
    Object.assign(this, { port, prismPort, past, judged: 0, violations: [] });
    this.url = `http://acme.localhost:${port}`;
  }

  // Before the stack is there: its port has to be allowed.
  static async find(past = []) {
    return new Judge(await freePort(), await freePort(), past);
  }

  async start(stack) {
    this.prism = new Process('prism', process.execPath, [CLI, 'proxy', SPEC, `${stack.simUrl}/sites/acme`, '--errors',
      '-h', '127.0.0.1', '-p', String(this.prismPort)]);
    this.front = http.createServer((request, response) => this.pass(stack, request, response));
    await new Promise((done) => { this.front.listen(this.port, '127.0.0.1', done); });
    await this.prism.waitFor(/is listening on/, 60000);
  }

  pass(stack, request, response) {
    const what = `${request.method} ${request.url}`;
    const toPrism = request.url.startsWith('/rest/') && !this.past.some((each) => each.test(what));
    const port = toPrism ? this.prismPort : stack.simPort;
    const passed = http.request({ host: '127.0.0.1', port, method: request.method, agent: false,
      path: toPrism ? request.url : `/sites/acme${request.url}`,
      headers: { ...passable(request.headers), host: `127.0.0.1:${port}` } }, (answer) => {
      const headers = passable(answer.headers);
      if (answer.statusCode === 204) delete headers['content-length']; // Prism's mistake: 2
      response.writeHead(answer.statusCode, headers);
      if (answer.statusCode === 204) response.end(() => passed.destroy());
      else answer.pipe(response);
      if (toPrism) this.judge(what, answer);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  }

  judge(what, answer) {
    let text = '';
    this.judged += 1;
    answer.on('data', (part) => { text += part; });
    answer.on('end', () => { if (VERDICT.test(text)) this.violations.push(`${what}: ${text.slice(0, 1000)}`); });
  }

  async stop() {
    this.front?.close();
    this.front?.closeAllConnections();
    await this.prism?.stop();
  }
}
