// What the upstream answers to everything: an issue as Jira writes it, with links to itself in it, 1,536 bytes
// long. It also says whose account asks, so that Mortise can prove a credential with it.

const BYTES = 1536;

export function bodyOf(origin) {
  const link = (path) => `${origin}/rest/api/3/${path}`;
  const issue = (text) => JSON.stringify({
    expand: 'renderedFields,names,schema,operations,editmeta,changelog', id: '10042', self: link('issue/10042'),
    key: 'PAY-42', accountId: '5b10a2844c20165700ede21g', displayName: 'Anna Admin',
    emailAddress: 'anna@acme.example', active: true,
    fields: {
      summary: 'Refunds are paid out twice when the bank answers late',
      project: { self: link('project/10000'), id: '10000', key: 'PAY', name: 'Payments' },
      status: { self: link('status/3'), name: 'In Progress', id: '3' },
      priority: { self: link('priority/2'), name: 'High', id: '2' },
      assignee: { self: link('user?accountId=5b10a2844c20165700ede21g'), displayName: 'Anna Admin' },
      created: '2026-11-02T09:12:44.000+0000', updated: '2026-11-27T16:40:03.000+0000',
      description: text,
    },
  });
  const text = 'The second payment is made by the retry of the settlement job. '.repeat(20);
  return issue(text.slice(0, BYTES - issue('').length));
}
