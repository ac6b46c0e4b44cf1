// A Jira site that a test has in its hand: everything goes on to a site of the simulated Atlassian, except
// what the test answers itself, byte by byte if it likes.
//
//   const front = await startFront();                       // before the stack: {allow: [front.url]}
//   front.to(s.site());                                     // after it
//   front.on('/rest/x', (request, response) => ...);        // by the beginning of the path, '' for none
//   front.seen                                              // {method, url, headers} of all requests

import { once } from 'node:events';
import http from 'node:http';

export async function startFront() {
  const front = { seen: [], handlers: new Map(), target: null };
  const pass = (request, response) => {
    const to = new URL(front.target);
    const headers = { ...request.headers, host: to.host };
    const onward = http.request({ host: '127.0.0.1', port: to.port, method: request.method, path: request.url, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  };
  front.server = http.createServer((request, response) => {
    const entry = { method: request.method, url: request.url, headers: request.headers };
    front.seen.push(entry);
    const path = [...front.handlers.keys()].find((start) => request.url.startsWith(start));
    (path === undefined ? pass : front.handlers.get(path))(request, response, entry);
  });
  front.server.listen(0, '127.0.0.1');
  await once(front.server, 'listening');
  front.url = `http://front.localhost:${front.server.address().port}`;
  front.to = (url) => { front.target = url; };
  front.on = (path, handler) => front.handlers.set(path, handler);
  front.calls = (start) => front.seen.filter((each) => each.url.startsWith(start));
  front.close = () => { front.server.closeAllConnections?.(); front.server.close(); };
  return front;
}
