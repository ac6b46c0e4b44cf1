// The configuration files of the servers that the benchmark compares with, each as its manual advises for a
// keep-alive proxy under load: connections to the upstream are kept, nothing is logged, nothing is limited.
//
// targets: [{kind, origin, listen}], one port of the proxy for each upstream.

const isTls = (target) => target.origin.startsWith('https:');
const addressOf = (target) => new URL(target.origin).host;
const FOREVER = 1_000_000_000;

const nginxHead = (folder, name) => `
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${folder}/${name}.pid;
error_log stderr crit;
events { worker_connections 19990; multi_accept on; }
http {
  access_log off;
  server_tokens off;
  tcp_nodelay on;
  keepalive_requests ${FOREVER};
  keepalive_timeout 300s;
  client_body_temp_path ${folder}/${name}-body;
  proxy_temp_path ${folder}/${name}-proxy;
  fastcgi_temp_path ${folder}/${name}-fastcgi;
  uwsgi_temp_path ${folder}/${name}-uwsgi;
  scgi_temp_path ${folder}/${name}-scgi;
`;

const kept = (name, address) => `
  upstream ${name} {
    server ${address};
    keepalive 10000;
    keepalive_requests ${FOREVER};
    keepalive_timeout 300s;
  }`;

// nginx as a proxy: speaks HTTP/1.1 to its upstreams, also over TLS.
export function nginxProxy({ folder, targets, authorization, ca }) {
  const servers = targets.map((t) => `${kept(t.kind, addressOf(t))}
  server {
    listen 127.0.0.1:${t.listen} backlog=16384;
    location / {
      proxy_pass ${isTls(t) ? 'https' : 'http'}://${t.kind};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host ${addressOf(t)};
      proxy_set_header Authorization "${authorization}";
      proxy_ssl_verify on;
      proxy_ssl_name 127.0.0.1;
      proxy_ssl_trusted_certificate ${ca};
    }
  }`);
  return `${nginxHead(folder, 'nginx')}${servers.join('\n')}\n}\n`;
}

// nginx as the TLS upstream: HTTP/2 with whoever speaks it, else HTTP/1.1. The fast one answers by itself,
// the slow one asks the plain slow upstream.
export function nginxTls({ folder, cert, key, body, authorization, fast, slow, slowPlain }) {
  return `${nginxHead(folder, 'tls')}
  ssl_certificate ${cert};
  ssl_certificate_key ${key};
  ssl_session_cache shared:tls:10m;
  default_type "application/json;charset=UTF-8";
  add_header X-Arequestid 4f1c6ac2f8bb4a0fa1f2b1c2d3e4f506;
  add_header Cache-Control "no-cache, no-store, no-transform";
  add_header X-Content-Type-Options nosniff;
  add_header Atl-Traceid 8d1fb4e9c1de4c0f9ec1a7c1b7e2a301;
  add_header Strict-Transport-Security "max-age=63072000; includeSubDomains; preload";
  server {
    listen 127.0.0.1:${fast} ssl http2 backlog=16384;
    location / {
      if ($http_authorization != "${authorization}") { return 401 "{}"; }
      return 200 '${body}';
    }
  }
  ${kept('slow', `127.0.0.1:${slowPlain}`)}
  server {
    listen 127.0.0.1:${slow} ssl http2 backlog=16384;
    location / {
      proxy_pass http://slow;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;
}

export function haproxy({ targets, authorization, ca }) {
  const parts = targets.map((t) => `
frontend in-${t.kind}
  bind 127.0.0.1:${t.listen} backlog 16384
  default_backend ${t.kind}
backend ${t.kind}
  http-reuse always
  http-request set-header Authorization "${authorization}"
  http-request set-header Host ${addressOf(t)}
  server jira ${addressOf(t)} maxconn 20000 pool-max-conn -1 pool-purge-delay 300s${
    isTls(t) ? ` ssl verify required ca-file ${ca} verifyhost 127.0.0.1` : ''}
`);
  return `
global
  nbthread 1
  maxconn 9900
  fd-hard-limit 20000
  tune.pool-high-fd-ratio 100
  tune.pool-low-fd-ratio 100
defaults
  mode http
  maxconn 9900
  backlog 16384
  option http-keep-alive
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 60s
${parts.join('')}`;
}
