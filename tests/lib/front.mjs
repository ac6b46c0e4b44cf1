// A Jira site that a test has in its hand: everything goes on to a site of the simulated Atlassian, except
// what the test answers itself, byte by byte if it likes.
//
//   const front = await startFront();                       // before the stack: {allow: [front.url]}
//   const front = await startFront(certificate('front.localhost')); // HTTP/2 over TLS
//   front.to(s.site());                                     // after it
//   front.on('/rest/x', (request, response) => ...);        // by the beginning of the path, '' for none
//   front.seen                                              // {method, url, headers} of all requests

import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';

// What HTTP/2 has no use for (RFC 9113 section 8.2.2).
const OF_CONNECTIONS = new Set(['connection', 'keep-alive', 'transfer-encoding']);
const headersOf = (message, except) => Object.fromEntries(Object.entries(message.headers)
  .filter(([name]) => !name.startsWith(':') && !except.has(name)));

export async function startFront(tls) {
  const front = { seen: [], handlers: new Map(), target: null };
  const pass = (request, response) => {
    const to = new URL(front.target);
    const headers = { ...headersOf(request, new Set()), host: to.host };
    const onward = http.request({ host: '127.0.0.1', port: to.port, method: request.method, path: request.url, headers }, (answer) => {
      response.writeHead(answer.statusCode, tls ? headersOf(answer, OF_CONNECTIONS) : answer.rawHeaders);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  };
  const options = { ...tls, allowHTTP1: true, maxSessionMemory: 10000 }; // or Node refuses calls beside large answers
  const create = tls ? (serve) => http2.createSecureServer(options, serve) : http.createServer;
  const sessions = new Set();
  front.server = create((request, response) => {
    const entry = { method: request.method, url: request.url, headers: request.headers, version: request.httpVersion };
    front.seen.push(entry);
    const path = [...front.handlers.keys()].find((start) => request.url.startsWith(start));
    (path === undefined ? pass : front.handlers.get(path))(request, response, entry);
  });
  front.server.listen(0, '127.0.0.1');
  await once(front.server, 'listening');
  front.server.on('session', (session) => sessions.add(session.on('close', () => sessions.delete(session))));
  front.url = `${tls ? 'https' : 'http'}://front.localhost:${front.server.address().port}`;
  front.to = (url) => { front.target = url; };
  front.on = (path, handler) => front.handlers.set(path, handler);
  front.calls = (start) => front.seen.filter((each) => each.url.startsWith(start));
  front.close = () => {
    for (const session of sessions) session.destroy();
    front.server.closeAllConnections?.();
    front.server.close();
  };
  return front;
}
