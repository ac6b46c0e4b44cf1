// A workspace that looks like one in use, made over the API: for pages that are to be looked at.

import { addConnection, ANNA, BOB, CARLA, connect, grant, makeApp, run } from '../../lib/scene.mjs';

export const LONG = `${'Überaus lange Bezeichnung 🛠️ <b>fett</b> & "Anführung" '.repeat(3)}${'x'.repeat(120)}`
  .slice(0, 120);

const inDays = (days) => new Date(Date.now() + days * 86400e3).toISOString().slice(0, 10);

// -> {nora: app admin, sam: runner, app, ids: {jira, planning, globex}, group, invited, disabled}
export async function furnish(stack, root) {
  const nora = await stack.user(root, 'nora.keller@example.com', 'Nora Keller');
  const sam = await stack.user(root, 'sam.okafor@example.com', 'Sam Okafor');
  const app = await makeApp(nora, 'Release desk', { description:
    'Cuts releases and keeps their issues tidy.\n\nConnect your own Jira account first. What you run here, '
    + 'Jira shows under your name.' });
  await grant(nora, app, sam);
  const jira = await addConnection(nora, app, { name: 'Acme Jira' });
  const planning = await addConnection(nora, app,
    { name: 'Planning', base_url: stack.site(), base_url_fixed: true });
  const globex = await addConnection(nora, app, { name: 'Globex Jira', base_url: stack.site('globex') });
  await connect(stack, nora, app, jira, ANNA, { expires: inDays(200) });
  await run(nora, app, jira, { path: '/rest/api/3/myself' });
  await connect(stack, nora, app, planning, ANNA, { token: { label: 'planning' } });
  await connect(stack, sam, app, jira, BOB, { expires: inDays(5) });
  await stack.control('POST', 'revoke', { label: 'planning' });
  await run(nora, app, planning, { path: '/rest/api/3/myself' });
  const others = await workspace(stack, root, nora, app);
  return { nora, sam, app, ids: { jira, planning, globex }, ...others };
}

async function workspace(stack, root, nora, app) {
  const { body: group } = await root.post('/groups',
    { name: 'Release managers', description: 'Whoever is on duty this quarter' });
  await root.post(`/groups/${group.id}/members`, { user: 'sam.okafor@example.com' });
  await nora.post(`/apps/${app}/permissions`, { kind: 'group', principal: group.id, role: 'runner' });
  await nora.post(`/apps/${app}/permissions`, { kind: 'everyone', principal: '', role: 'runner' });
  const { body: { user: invited } } = await root.post('/users',
    { email: 'mika.lind@example.com', name: 'Mika Lind' });
  const gone = await stack.user(root, 'lee.former@example.com', 'Lee Former');
  await root.patch(`/users/${gone.me.id}`, { disabled: true });
  return { group: group.id, invited: invited.id, disabled: gone.me.id };
}

// Everything with names as long as they may be, with emoji and HTML in them.
// -> {client: app admin, app, id: the connection}
export async function furnishLong(stack, root) {
  const client = await stack.user(root, `${'long'.repeat(15)}@${'example-'.repeat(6)}x.example.com`, LONG);
  const app = await makeApp(client, LONG, { slug: 'long-names', description: LONG.repeat(4) });
  const id = await addConnection(client, app, { name: LONG });
  await connect(stack, client, app, id, CARLA);
  await root.post('/groups', { name: LONG, description: LONG.repeat(2) });
  return { client, app, id };
}
