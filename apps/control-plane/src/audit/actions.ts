import type { AuditScope } from '../db/schema.ts';

export interface AuditAction {
  /** What it is done to; `sandbox` is a capsule. */
  readonly resource: string;
  readonly action: string;
  /** Who of the team may read of it: everybody, or only owners and admins. */
  readonly scope: AuditScope;
  /** What channels are told, where they can be. */
  readonly event?: EventType;
}

/** What channels can be told of. */
export const eventTypes = [
  'capsule.created',
  'capsule.running',
  'capsule.paused',
  'capsule.destroyed',
  'capsule.failed',
  'template.snapshot.created',
  'template.snapshot.deleted',
  'host.up',
  'host.down',
] as const;
export type EventType = (typeof eventTypes)[number];

/** Everything that is written to the audit log. The words are those that clients filter by. */
export const auditActions = {
  'capsule.create': { resource: 'sandbox', action: 'create', scope: 'team', event: 'capsule.created' },
  'capsule.pause': { resource: 'sandbox', action: 'pause', scope: 'team', event: 'capsule.paused' },
  'capsule.resume': { resource: 'sandbox', action: 'resume', scope: 'team', event: 'capsule.running' },
  'capsule.destroy': { resource: 'sandbox', action: 'destroy', scope: 'team', event: 'capsule.destroyed' },
  'capsule.fail': { resource: 'sandbox', action: 'fail', scope: 'team', event: 'capsule.failed' },
  'capsule.fork': { resource: 'sandbox', action: 'fork', scope: 'team', event: 'capsule.created' },
  'capsule.exec': { resource: 'sandbox', action: 'exec', scope: 'team' },
  'capsule.terminal': { resource: 'sandbox', action: 'terminal', scope: 'team' },
  'capsule.process': { resource: 'sandbox', action: 'process', scope: 'team' },
  'capsule.file_read': { resource: 'sandbox', action: 'file_read', scope: 'team' },
  'capsule.file_write': { resource: 'sandbox', action: 'file_write', scope: 'team' },
  'capsule.access': { resource: 'sandbox', action: 'access', scope: 'team' },
  'capsule.link': { resource: 'sandbox', action: 'link', scope: 'team' },
  'snapshot.create': {
    resource: 'snapshot',
    action: 'create',
    scope: 'team',
    event: 'template.snapshot.created',
  },
  'snapshot.delete': {
    resource: 'snapshot',
    action: 'delete',
    scope: 'team',
    event: 'template.snapshot.deleted',
  },
  'team.create': { resource: 'team', action: 'create', scope: 'admin' },
  'team.rename': { resource: 'team', action: 'rename', scope: 'team' },
  'team.settings': { resource: 'team', action: 'settings', scope: 'admin' },
  'team.transfer': { resource: 'team', action: 'transfer', scope: 'admin' },
  'team.set_byoc': { resource: 'team', action: 'set_byoc', scope: 'admin' },
  'team.delete': { resource: 'team', action: 'delete', scope: 'admin' },
  'member.invite': { resource: 'member', action: 'invite', scope: 'admin' },
  'member.uninvite': { resource: 'member', action: 'uninvite', scope: 'admin' },
  'member.add': { resource: 'member', action: 'add', scope: 'admin' },
  'member.remove': { resource: 'member', action: 'remove', scope: 'admin' },
  'member.leave': { resource: 'member', action: 'leave', scope: 'admin' },
  'member.role_update': { resource: 'member', action: 'role_update', scope: 'admin' },
  'api_key.create': { resource: 'api_key', action: 'create', scope: 'team' },
  'api_key.revoke': { resource: 'api_key', action: 'revoke', scope: 'team' },
  'api_key.use': { resource: 'api_key', action: 'use', scope: 'team' },
  'channel.create': { resource: 'channel', action: 'create', scope: 'team' },
  'channel.update': { resource: 'channel', action: 'update', scope: 'team' },
  'channel.rotate_config': { resource: 'channel', action: 'rotate_config', scope: 'team' },
  'channel.delete': { resource: 'channel', action: 'delete', scope: 'team' },
  'channel.test': { resource: 'channel', action: 'test', scope: 'team' },
  'channel.redeliver': { resource: 'channel', action: 'redeliver', scope: 'team' },
  'host.marked_up': { resource: 'host', action: 'marked_up', scope: 'team', event: 'host.up' },
  'host.marked_down': { resource: 'host', action: 'marked_down', scope: 'team', event: 'host.down' },
  'user.signup': { resource: 'user', action: 'signup', scope: 'admin' },
  'user.activate': { resource: 'user', action: 'activate', scope: 'admin' },
  'user.deactivate': { resource: 'user', action: 'deactivate', scope: 'admin' },
  'user.sign_in': { resource: 'user', action: 'sign_in', scope: 'admin' },
  'user.sign_in_refused': { resource: 'user', action: 'sign_in_refused', scope: 'admin' },
  'user.sign_out': { resource: 'user', action: 'sign_out', scope: 'admin' },
  'user.rename': { resource: 'user', action: 'rename', scope: 'admin' },
  'user.password': { resource: 'user', action: 'password', scope: 'admin' },
  'user.password_reset': { resource: 'user', action: 'password_reset', scope: 'admin' },
  'user.link': { resource: 'user', action: 'link', scope: 'admin' },
  'user.unlink': { resource: 'user', action: 'unlink', scope: 'admin' },
  'user.delete': { resource: 'user', action: 'delete', scope: 'admin' },
  'user.purge': { resource: 'user', action: 'purge', scope: 'admin' },
  'user.grant_admin': { resource: 'user', action: 'grant_admin', scope: 'admin' },
  'user.revoke_admin': { resource: 'user', action: 'revoke_admin', scope: 'admin' },
  'build.create': { resource: 'build', action: 'create', scope: 'team' },
  'build.cancel': { resource: 'build', action: 'cancel', scope: 'team' },
  'template.create': {
    resource: 'template',
    action: 'create',
    scope: 'team',
    event: 'template.snapshot.created',
  },
  'template.update': { resource: 'template', action: 'update', scope: 'team' },
  'template.tag': { resource: 'template', action: 'tag', scope: 'team' },
  'template.untag': { resource: 'template', action: 'untag', scope: 'team' },
  'template.alias': { resource: 'template', action: 'alias', scope: 'team' },
  'template.unalias': { resource: 'template', action: 'unalias', scope: 'team' },
  'template.delete': {
    resource: 'template',
    action: 'delete',
    scope: 'team',
    event: 'template.snapshot.deleted',
  },
  'audit.remove': { resource: 'audit_log', action: 'remove', scope: 'admin' },
  'audit.export': { resource: 'audit_log', action: 'export', scope: 'admin' },
} as const satisfies Readonly<Record<string, AuditAction>>;

export type AuditActionName = keyof typeof auditActions;

/** An extension brings actions of its own. */
export function auditAction(what: AuditActionName | AuditAction): AuditAction {
  return typeof what === 'string' ? auditActions[what] : what;
}
