// Starts the simulated Atlassian. It shares no code with the product and needs nothing but Node:
//   node sim/main.mjs --listen 127.0.0.1:8090 --state var/sim/state.json
//                     [--host-suffix localhost] [--callback URL] [--quiet]
// --callback is where the OAuth app that is there from the start sends people back to. The first
// line on stdout tells the address. SIGTERM and SIGINT end it, with the state saved.

import { parseArgs } from 'node:util';

import { Files } from './files.mjs';
import { createSim } from './server.mjs';
import { Store } from './store.mjs';

const { values } = parseArgs({
    options: {
        listen: { type: 'string', default: '127.0.0.1:8090' },
        state: { type: 'string', default: 'var/sim/state.json' },
        callback: { type: 'string' },
        'host-suffix': { type: 'string', default: 'localhost' },
        quiet: { type: 'boolean', default: false },
    },
});

function fail(sentence) {
    console.error(sentence);
    process.exit(1);
}

function openStore() {
    try {
        return new Store(values.state, { callback: values.callback });
    } catch (error) {
        return fail(`The state file ${values.state} cannot be used: ${error.message}`);
    }
}

const [, host, port] = /^(.+):(\d+)$/.exec(values.listen) ??
    fail('--listen takes ADDRESS:PORT, for example 127.0.0.1:8090.');
const store = openStore();
const files = new Files(`${values.state}.files`);
if (store.isNew) files.clear();
const server = createSim({
    store,
    files,
    suffix: values['host-suffix'],
    report: values.quiet ? undefined : (line) => console.error(line),
});

function stop() {
    store.close();
    server.close();
    server.closeAllConnections();
    process.exit(0);
}

server.on('error', (error) => fail(`Cannot listen on ${values.listen}: ${error.message}`));
server.listen(Number(port), host.replace(/^\[|\]$/g, ''), () => {
    console.log(`simulated Atlassian on http://${host}:${server.address().port}`);
});
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
