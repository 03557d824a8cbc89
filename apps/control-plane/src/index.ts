// What programs that are built on the control plane may use. Anything else may change without notice.

export type { Actor, Caller, UserPrincipal } from './access/principal.ts';
export { asMember, type RouteAuth, withScope } from './access/route-auth.ts';
export type { AuditAction, AuditActionName, EventType } from './audit/actions.ts';
export { type Happening, platformTeam } from './audit/happening.ts';
export type { Recorder } from './audit/recorder.ts';
export { type ControlPlaneConfig, settings } from './config.ts';
export { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts';
export type { Database, Queryable } from './db/database.ts';
export type { Extension } from './extension.ts';
export { callerOf, userOf } from './http/auth.ts';
export { failures, text } from './http/schemas.ts';
export type { Mail, MailButton, Mailer } from './mail/mail.ts';
export { type RunOptions, run } from './run.ts';
export type { ServerContext } from './server-context.ts';
export type { Worker } from './worker.ts';
