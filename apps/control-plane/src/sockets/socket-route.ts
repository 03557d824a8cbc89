import type { CapsuleId } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import type { Caller } from '../access/principal.ts';
import type { TeamAuth } from '../access/route-auth.ts';
import type { AuditActionName } from '../audit/actions.ts';
import type { ServerContext } from '../server-context.ts';
import type { Channel } from './channel.ts';

/** What a socket was opened for. */
export interface SocketRequest extends Caller {
  readonly capsuleId: CapsuleId;
  /** The parts of the path that the route names, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly log: Logger;
}

/** A path below /v1/capsules/{id}, and below /v1/admin/capsules/{id}, that is spoken to by WebSocket. */
export interface SocketRoute {
  /** After the ID; a part that begins with a colon is a parameter. */
  readonly path: `/${string}`;
  readonly auth: TeamAuth;
  /** What the audit log says of one that was opened, in teams that want it. */
  readonly audits: AuditActionName;
  /** Talks until it is done; what it throws is told to the client. */
  serve(context: ServerContext, channel: Channel, request: SocketRequest): Promise<void>;
}

const capsules = /^\/v1\/(admin\/)?capsules\/([^/]+)(\/.+)$/;

export interface Match {
  readonly route: SocketRoute;
  /** Who may open it: below /v1/admin an administrator, in the platform's name. */
  readonly auth: TeamAuth | 'platform';
  readonly capsule: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The route of a path without its query; undefined for one that no socket is opened for. */
export function matchRoute(routes: readonly SocketRoute[], path: string): Match | undefined {
  const [, admin, capsule, rest] = capsules.exec(path) ?? [];
  if (capsule === undefined || rest === undefined) return undefined;
  for (const route of routes) {
    const parameters = parametersOf(route.path, rest);
    if (parameters === undefined) continue;
    return { route, auth: admin === undefined ? route.auth : 'platform', capsule, parameters };
  }
  return undefined;
}

function parametersOf(pattern: string, path: string): Record<string, string> | undefined {
  const [names, parts] = [pattern.split('/'), path.split('/')];
  if (names.length !== parts.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const part = parts[index] ?? '';
    if (!name.startsWith(':')) {
      if (name !== part) return undefined;
      continue;
    }
    const value = decode(part);
    if (value === undefined || value === '') return undefined;
    parameters[name.slice(1)] = value;
  }
  return parameters;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch (thrown) {
    if (thrown instanceof URIError) return undefined;
    throw thrown;
  }
}
