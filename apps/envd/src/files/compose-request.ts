import { WrennError } from '@wrenn/core';

/** The body of `/files/compose`. */
export interface ComposeRequest {
  readonly sourcePaths: readonly string[];
  readonly destination: string;
  /** Empty: the default user. */
  readonly username: string;
}

const mostSources = 1000;

/** Throws `invalid_request` that names the field. */
export function parseComposeRequest(body: unknown): ComposeRequest {
  if (typeof body !== 'object' || body === null) throw refused('body', 'must be an object');
  const sources: unknown = 'source_paths' in body ? body.source_paths : undefined;
  const destination: unknown = 'destination' in body ? body.destination : undefined;
  const username: unknown = 'username' in body ? body.username : undefined;
  if (!Array.isArray(sources) || !sources.every((path) => typeof path === 'string' && path !== '')) {
    throw refused('source_paths', 'must be a list of paths');
  }
  if (sources.length === 0 || sources.length > mostSources) {
    throw refused('source_paths', `must have 1 to ${mostSources} paths`);
  }
  if (typeof destination !== 'string' || destination === '') throw refused('destination', 'must be a path');
  if (username !== undefined && username !== null && typeof username !== 'string') {
    throw refused('username', 'must be a name');
  }
  return { sourcePaths: sources, destination, username: username ?? '' };
}

function refused(field: string, problem: string): WrennError {
  return new WrennError('invalid_request', `${field}: ${problem}`, { field });
}
