// The world at the first start: the same people, sites and issues every time.

import { textToAdf } from './adf.mjs';
import { TRY_OUT_APP } from './oauth/apps.mjs';
import { SETTINGS } from './oauth/tokens.mjs';
import { PROJECTS, STORIES } from './seed-texts.mjs';

const START = Date.UTC(2026, 8, 1, 8, 0, 0);
const HOUR = 3600_000;
const STATUSES = ['10000', '3', '10001', '10002'];

const PEOPLE = [
    { email: 'anna@acme.example', name: 'Anna Admin', password: 'anna-secret',
      accountId: '5b10ac8d82e05b22cc7d4ef5', locale: 'en_US', timeZone: 'Europe/London',
      emailVisible: true },
    { email: 'bob@acme.example', name: 'Bob Builder', password: 'bob-secret',
      accountId: '5b10a2844c20165700ede21f', locale: 'en_US', timeZone: 'America/New_York',
      emailVisible: false },
    { email: 'carla@acme.example', name: 'Carla Chén 🌻', password: 'carla-secret',
      accountId: '712020:0b9a5c3e-6a0f-4d5c-9a2c-3f1f7c2d9e10', locale: 'de_DE',
      timeZone: 'Europe/Berlin', emailVisible: true },
    { email: 'dave@globex.example', name: 'Dave Driver', password: 'dave-secret',
      accountId: '70121:5f0a9e0c-9d1b-4c7e-8d2f-1a6b3c4d5e6f', locale: 'en_US',
      timeZone: 'Asia/Tokyo', emailVisible: false },
    { email: 'erin@nowhere.example', name: 'Erin Elsewhere', password: 'erin-secret',
      accountId: '712020:4d7e2b19-83c5-4a6e-b1f0-9e5a7c3d2f68', locale: 'en_US',
      timeZone: 'Europe/Paris', emailVisible: false },
    { email: 'bot@serviceaccount.atlassian.com', name: 'Build Bot', password: null,
      accountId: '712020:c8e1d7aa-2f64-4b0b-8a55-77d0f2b1a9c4', locale: 'en_US',
      timeZone: 'Etc/UTC', emailVisible: false, service: true },
];

const SITES = [
    { id: 'acme', name: 'Acme', cloudId: '1d1f4c5e-7a52-4d0e-9b5b-2c8f6a3e9d70', firstId: 10100,
      projects: ['ACME', 'OPS', 'HR', 'SEC'], products: ['jira', 'confluence'],
      members: {
          'anna@acme.example': { ACME: 'admin', OPS: 'admin', HR: 'admin', SEC: 'admin' },
          'bob@acme.example': { ACME: 'member', OPS: 'member', HR: 'reader' },
          'carla@acme.example': { ACME: 'member', OPS: 'reader', SEC: 'member' },
          'bot@serviceaccount.atlassian.com': { ACME: 'member', OPS: 'member' },
      } },
    { id: 'globex', name: 'Globex', cloudId: '8c3a9b1e-52d4-4f6f-a1c7-e90d4b7f2a36', firstId: 20100,
      projects: ['GLX', 'LAB'], products: ['jira'],
      members: {
          'anna@acme.example': { GLX: 'member' },
          'carla@acme.example': { GLX: 'member', LAB: 'member' },
          'dave@globex.example': { GLX: 'admin', LAB: 'admin' },
      } },
];

export function seed() {
    return {
        accounts: PEOPLE.map((person) => ({ active: true, service: false, ...person })),
        sites: SITES.map(seedSite),
        tokens: [],
        sessions: [],
        lockouts: [],
        clock: { offset: 0 },
        oauth: { settings: { ...SETTINGS }, apps: [{ ...TRY_OUT_APP }], grants: [], codes: [],
            pairs: [] },
    };
}

function seedSite({ id, name, cloudId, firstId, projects, products, members }) {
    const site = {
        id, name, cloudId, members: structuredClone(members), products: [...products],
        host: id,
        formerHosts: [],
        projects: projects.map((key, index) => seedProject(key, index, firstId, members)),
        issues: [],
        nextId: firstId,
    };
    for (const project of site.projects) seedIssues(site, project);
    return site;
}

function seedProject(key, index, firstId, members) {
    const lead = Object.keys(members).find((email) => members[email][key] === 'admin');
    return {
        id: String(firstId - 100 + index), key, lead, nextNumber: 1, ...PROJECTS[key],
    };
}

function seedIssues(site, project) {
    const people = Object.keys(site.members)
        .filter((email) => ['admin', 'member'].includes(site.members[email][project.key]));
    STORIES[project.key].forEach((story, index) => {
        site.issues.push(seedIssue(site, project, people, story, index));
    });
}

function seedIssue(site, project, people, [type, summary], index) {
    const created = START + (site.issues.length * 7 + index) * HOUR;
    const status = STATUSES[index * 3 % 4];
    const person = (offset) => accountIdOf(people[(index + offset) % people.length]);
    const text = `${summary}.\n\nSeen in ${project.name}; number ${index + 1} of the list.`;
    return {
        id: String(site.nextId++),
        key: `${project.key}-${project.nextNumber++}`,
        project: project.key,
        type,
        summary,
        status,
        priority: String(index % 5 + 1),
        labels: index % 3 === 0 ? ['seed', project.key.toLowerCase()] : [],
        assignee: index % 4 === 3 ? null : person(1),
        reporter: person(0),
        creator: person(0),
        created,
        updated: created + (index % 6) * 5 * HOUR,
        duedate: index % 5 === 0 ? new Date(created + 720 * HOUR).toISOString().slice(0, 10) : null,
        parent: null,
        description: textToAdf(text),
        environment: type === '10004' ? textToAdf('Production') : null,
        resolution: status === '10002' ? '10000' : null,
        resolved: status === '10002' ? created + 30 * HOUR : null,
        points: index % 2 ? index % 8 + 1 : null,
        department: project.key === 'HR' ? '10101' : null,
        notes: null,
        comments: index % 4 === 0 ? [seedComment(site, person(1), created)] : [],
        links: [],
        worklogs: [],
        attachments: [],
        watchers: [],
    };
}

function seedComment(site, author, created) {
    const at = created + 2 * HOUR;
    const body = textToAdf('I can see this too. Shall we look at it together?');
    return { id: String(site.nextId++), author, body, created: at, updated: at };
}

function accountIdOf(email) {
    return PEOPLE.find((person) => person.email === email).accountId;
}
