// What people write themselves: a proxy on Node's standard library that puts a credential on every request.
//
// usage: node node-proxy.mjs AUTHORIZATION CA_FILE PORT=ORIGIN...

import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const [authorization, caFile, ...targets] = process.argv.slice(2);
const agents = {
  'http:': new http.Agent({ keepAlive: true, maxFreeSockets: 10000 }),
  'https:': new https.Agent({ keepAlive: true, maxFreeSockets: 10000, ca: fs.readFileSync(caFile) }),
};

function relay(origin) {
  const { protocol, hostname, port, host } = new URL(origin);
  const client = protocol === 'https:' ? https : http;
  return (incoming, outgoing) => {
    const request = client.request({ hostname, port, path: incoming.url, method: incoming.method,
      agent: agents[protocol], headers: { ...incoming.headers, host, authorization } });
    request.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    request.on('error', () => outgoing.destroy());
    incoming.pipe(request);
  };
}

let waiting = targets.length;
for (const target of targets) {
  const [, port, origin] = target.match(/^(\d+)=(.*)$/);
  const server = http.createServer({ keepAliveTimeout: 300_000 }, relay(origin));
  server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 }, () => {
    if ((waiting -= 1) === 0) console.log('node is ready');
  });
}
