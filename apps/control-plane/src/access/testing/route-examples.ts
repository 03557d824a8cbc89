import type { Belongings } from './belongings.ts';

/** How a route is asked for what belongs to a team, and what somebody who is not of that team gets. */
export interface Example {
  /** What each parameter of the path is: a belonging, or text as it is. */
  readonly path?: Readonly<Record<string, keyof Belongings | { readonly text: string }>>;
  readonly query?: string;
  readonly body?: (of: Belongings) => object;
  readonly sent?: 'form' | 'bytes';
  /** Its answer has no end: what counts is how it begins. */
  readonly endless?: true;
  /**
   * `refused`: 403 or 404. `own`: it names nothing of a team, and gives what the caller's own has. `unaffected`: a
   * success without an effect.
   */
  readonly stranger: 'refused' | 'own' | 'unaffected';
  /** The least role in the team of the path, where the route goes by that. */
  readonly role?: 'admin' | 'owner';
}

/** Asks for no credential, for this reason. */
export interface Open {
  readonly open: string;
}

const own = { stranger: 'own' } as const;
const capsule = { path: { id: 'capsule' }, stranger: 'refused' } as const;
const file = { ...capsule, body: () => ({ path: '/etc/hostname' }) } as const;
const fileQuery = { ...capsule, query: 'path=/etc/hostname' } as const;
const build = { path: { id: 'build' }, stranger: 'refused' } as const;
const template = { path: { name: 'snapshot' }, stranger: 'refused' } as const;
const alias = { path: { name: 'snapshot', alias: { text: 'other' } }, stranger: 'refused' } as const;
const team = { path: { id: 'team' }, stranger: 'refused' } as const;
const member = { path: { id: 'team', uid: 'member' }, stranger: 'refused', role: 'admin' } as const;
const channel = { path: { id: 'channel' }, stranger: 'refused' } as const;
const user = { path: { id: 'member' }, stranger: 'refused' } as const;
const provider = { path: { provider: { text: 'github' } }, stranger: 'own' } as const;
const webhook = { url: 'https://example.org', secret: 'a-secret-that-is-long-enough' };

/** One of each route below /v1. The routes of the platform's capsules are asked as those of teams. */
export const routeExamples: Readonly<Record<string, Example | Open>> = {
  'GET /docs': { open: 'documentation' },
  'GET /openapi.json': { open: 'documentation' },
  'GET /health': { open: 'for load balancers' },
  'GET /readyz': { open: 'for load balancers' },

  'POST /v1/capsules': { ...own, body: () => ({}) },
  'GET /v1/capsules': own,
  'GET /v1/capsules/usage': own,
  'GET /v1/capsules/usage/export': own,
  'GET /v1/capsules/stats': own,
  'GET /v1/capsules/counts': own,
  'GET /v1/capsules/:id': capsule,
  'GET /v1/capsules/:id/operations': capsule,
  'DELETE /v1/capsules/:id': capsule,
  'GET /v1/capsules/:id/metrics': capsule,
  'POST /v1/capsules/:id/pause': capsule,
  'POST /v1/capsules/:id/resume': capsule,
  'POST /v1/capsules/:id/ping': capsule,
  'POST /v1/capsules/:id/exec': { ...capsule, body: () => ({ cmd: 'true' }) },
  'POST /v1/capsules/:id/fork': capsule,
  'POST /v1/capsules/:id/checkpoint': capsule,
  'GET /v1/capsules/:id/processes': capsule,
  'DELETE /v1/capsules/:id/processes/:selector': {
    path: { id: 'capsule', selector: { text: '1' } },
    stranger: 'refused',
  },
  'POST /v1/capsules/:id/files/list': file,
  'POST /v1/capsules/:id/files/mkdir': file,
  'POST /v1/capsules/:id/files/stat': file,
  'POST /v1/capsules/:id/files/move': { ...capsule, body: () => ({ source: '/a', destination: '/b' }) },
  'POST /v1/capsules/:id/files/remove': file,
  'POST /v1/capsules/:id/files/read': file,
  'POST /v1/capsules/:id/files/stream/read': file,
  'GET /v1/capsules/:id/files/content': fileQuery,
  'GET /v1/capsules/:id/files/archive': fileQuery,
  'PUT /v1/capsules/:id/files/content': { ...fileQuery, sent: 'bytes' },
  'PUT /v1/capsules/:id/files/archive': { ...fileQuery, sent: 'bytes' },
  'POST /v1/capsules/:id/files/write': { ...capsule, sent: 'form' },
  'POST /v1/capsules/:id/files/stream/write': { ...capsule, sent: 'form' },
  'GET /v1/capsules/:id/access': capsule,
  'POST /v1/capsules/:id/access': { ...capsule, body: () => ({ public_ports: true }) },
  'GET /v1/capsules/:id/ports': capsule,
  'POST /v1/capsules/:id/ports/:port/link': {
    path: { id: 'capsule', port: { text: '8080' } },
    stranger: 'refused',
  },

  'POST /v1/snapshots': { stranger: 'refused', body: (of) => ({ sandbox_id: of.capsule }) },
  'GET /v1/snapshots': own,
  'DELETE /v1/snapshots/:name': { path: { name: 'snapshot' }, stranger: 'refused' },
  'GET /v1/live': { ...own, endless: true },
  'GET /v1/jobs/:id': { path: { id: 'job' }, stranger: 'refused' },

  'GET /v1/templates': { ...own, query: 'visibility=public' },
  'GET /v1/templates/:name': template,
  'PATCH /v1/templates/:name': { ...template, body: () => ({ visibility: 'public' }) },
  'DELETE /v1/templates/:name': template,
  'GET /v1/templates/:name/tags': template,
  'POST /v1/templates/:name/tags': { ...template, body: () => ({ tags: ['v1'] }) },
  'DELETE /v1/templates/:name/tags/:tag': {
    path: { name: 'snapshot', tag: { text: 'second' } },
    stranger: 'refused',
  },
  'PUT /v1/templates/:name/aliases/:alias': alias,
  'DELETE /v1/templates/:name/aliases/:alias': {
    path: { name: 'snapshot', alias: 'alias' },
    stranger: 'refused',
  },

  'POST /v1/builds': { ...own, body: () => ({ name: 'mine', recipe: 'RUN true' }) },
  'GET /v1/builds': own,
  'GET /v1/builds/:id': build,
  'GET /v1/builds/:id/logs': build,
  'POST /v1/builds/:id/cancel': build,

  'POST /v1/api-keys': { ...own, body: () => ({}) },
  'GET /v1/api-keys': own,
  'DELETE /v1/api-keys/:id': { path: { id: 'key' }, stranger: 'unaffected', role: 'admin' },

  'POST /v1/teams': { ...own, body: () => ({ name: 'Mine' }) },
  'GET /v1/teams': own,
  'GET /v1/teams/:id': team,
  'PATCH /v1/teams/:id': { ...team, body: () => ({ name: 'Taken' }), role: 'admin' },
  'DELETE /v1/teams/:id': { ...team, role: 'owner' },
  'POST /v1/teams/:id/transfer': { ...team, body: (of) => ({ user_id: of.member }), role: 'owner' },
  'POST /v1/teams/:id/leave': team,
  'GET /v1/teams/:id/members': team,
  'POST /v1/teams/:id/members': { ...team, body: () => ({ email: 'new@example.org' }), role: 'admin' },
  'PATCH /v1/teams/:id/members/:uid': { ...member, body: () => ({ role: 'admin' }) },
  'DELETE /v1/teams/:id/members/:uid': member,
  'POST /v1/teams/:id/invitations': { ...team, body: () => ({ email: 'new@example.org' }), role: 'admin' },
  'GET /v1/teams/:id/invitations': { ...team, role: 'admin' },
  'DELETE /v1/teams/:id/invitations/:invitation': {
    path: { id: 'team', invitation: 'invitation' },
    stranger: 'refused',
    role: 'admin',
  },
  'POST /v1/invitations/read': { stranger: 'refused', body: (of) => ({ token: of.invitationToken }) },
  'POST /v1/invitations/accept': { stranger: 'refused', body: (of) => ({ token: of.invitationToken }) },
  'GET /v1/users/search': { ...own, query: 'email=undisclosed@' },

  'POST /v1/channels': {
    ...own,
    body: () => ({ name: 'mine', provider: 'webhook', config: webhook, events: [] }),
  },
  'GET /v1/channels': own,
  'POST /v1/channels/test': {
    ...own,
    body: () => ({ provider: 'webhook', config: { url: 'http://127.0.0.1' } }),
  },
  'GET /v1/channels/:id': channel,
  'PATCH /v1/channels/:id': { ...channel, body: () => ({ name: 'taken', events: [] }) },
  'PUT /v1/channels/:id/config': { ...channel, body: () => ({ config: webhook }) },
  'DELETE /v1/channels/:id': { ...channel, stranger: 'unaffected' },
  'GET /v1/channels/:id/deliveries': channel,
  'POST /v1/channels/:id/deliveries/:delivery/redeliver': {
    path: { id: 'channel', delivery: 'delivery' },
    stranger: 'refused',
  },

  'GET /v1/audit-logs': own,
  'GET /v1/audit-logs/export': own,

  'POST /v1/auth/signup': { open: 'makes an account that its address has to confirm' },
  'POST /v1/auth/activate': { open: 'a token from a mail' },
  'POST /v1/auth/login': { open: 'a password' },
  'POST /v1/auth/logout': { open: 'forgets a cookie, whatever it is worth' },
  'POST /v1/me/password/reset': { open: 'sends a mail' },
  'POST /v1/me/password/reset/confirm': { open: 'a token from a mail' },
  'GET /v1/auth/providers': { open: 'what the page of the sign-in offers' },
  'GET /auth/oauth/:provider': { open: 'leads to a provider' },
  'GET /auth/oauth/:provider/callback': { open: 'a signed state, and what the provider says' },
  'GET /v1/me/providers/:provider/connect': provider,
  'DELETE /v1/me/providers/:provider': provider,
  'POST /v1/auth/refresh': own,
  'POST /v1/auth/switch-team': { stranger: 'refused', body: (of) => ({ team_id: of.team }) },
  'GET /v1/me': own,
  'PATCH /v1/me': { ...own, body: () => ({ name: 'Else' }) },
  'POST /v1/me/password': { ...own, body: () => ({ new_password: 'another one that is long' }) },
  'DELETE /v1/me': { ...own, body: () => ({ confirmation: 'somebody.else@example.org' }) },
  'GET /v1/me/sessions': own,
  'DELETE /v1/me/sessions': own,
  'DELETE /v1/me/sessions/:id': { path: { id: 'session' }, stranger: 'refused' },

  'GET /v1/admin/teams': { stranger: 'refused' },
  'PUT /v1/admin/teams/:id/byoc': { ...team, body: () => ({ enabled: true }) },
  'DELETE /v1/admin/teams/:id': team,
  'GET /v1/admin/users': { stranger: 'refused' },
  'PUT /v1/admin/users/:id/active': { ...user, body: () => ({ active: false }) },
  'PUT /v1/admin/users/:id/admin': { ...user, body: () => ({ admin: true }) },
  'GET /v1/admin/templates': { stranger: 'refused' },
  'DELETE /v1/admin/templates/:name': { path: { name: 'snapshot' }, stranger: 'refused' },
  'GET /v1/admin/audit-logs': { stranger: 'refused' },
  'GET /v1/admin/audit-logs/export': { stranger: 'refused' },
  'POST /v1/admin/capsules/:id/snapshot': { ...capsule, body: () => ({ name: 'taken' }) },

  'GET /internal/edge/capsules/:id': capsule,
  'POST /internal/edge/capsules/:id/wake': capsule,
};

/** What each WebSocket is asked with: a query, or a first message. */
export const socketExamples: Readonly<Record<string, { readonly query?: string; readonly first?: object }>> =
  {
    '/pty': { first: { type: 'start' } },
    '/exec/stream': { first: { type: 'start', cmd: 'true' } },
    '/processes/:selector/stream': {},
    '/files/watch': { query: 'path=/' },
  };

/** The example of a route; undefined where the table has none. */
export function exampleOf(method: string, url: string): Example | Open | undefined {
  const asked = method === 'HEAD' ? 'GET' : method;
  return (
    routeExamples[`${asked} ${url}`] ?? routeExamples[`${asked} ${url.replace(/^\/v1\/admin\//, '/v1/')}`]
  );
}
