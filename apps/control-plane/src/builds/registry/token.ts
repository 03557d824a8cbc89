import { deadline, parseJson, WrennError } from '@wrenn/core';
import { z } from 'zod';
import type { AddressGuard } from '../../outgoing/address-guard.ts';
import { type GuardedRequest, openGuarded } from '../../outgoing/guarded-request.ts';
import type { Challenge } from './challenge.ts';
import { basicAuthorization, type RegistryCredentials } from './credentials.ts';
import { credentialsRefused, imageRefused, statusFault } from './faults.ts';
import type { RegistryLimits } from './limits.ts';
import { quote } from './quote.ts';
import { readAtMost } from './read-at-most.ts';

export interface TokenPurpose {
  readonly image: string;
  readonly repository: string;
  readonly credentials: RegistryCredentials | undefined;
  /** Whether the registry is one that is spoken to without TLS, as its operator wants it. */
  readonly isInsecure: boolean;
}

const mostTokenBytes = 1024 ** 2;
const tokenText = z.string().regex(/^[\x21-\x7e]+$/);
const tokenSchema = z.union([
  z.object({ token: tokenText }).transform(({ token }) => token),
  z.object({ access_token: tokenText }).transform(({ access_token }) => access_token),
]);

/**
 * Gets a token for reading one repository from where the registry says that there are some. That is the registry's
 * choice, as everywhere; but it is asked under TLS and at an allowed address only, does not lead further, and is asked
 * for this repository, whatever else the registry would like to have a token for.
 */
export async function fetchToken(
  { guard, limits }: { readonly guard: AddressGuard; readonly limits: RegistryLimits },
  challenge: Challenge,
  purpose: TokenPurpose,
  signal: AbortSignal,
): Promise<string> {
  const request = tokenRequest(challenge, purpose);
  const { image } = purpose;
  using limit = deadline(limits.documentMs, `getting a token for the image ${image}`, signal);
  const answer = await openGuarded(guard, request, limit);
  try {
    if (answer.statusCode === 400) throw credentialsRefused(image);
    if (answer.statusCode !== 200) throw await statusFault(image, 'a token', answer, limit);
    const body = await readAtMost(answer, mostTokenBytes);
    const parsed = tokenSchema.safeParse(body === undefined ? undefined : parseJson(body.toString()));
    if (!parsed.success) throw imageRefused(image, `${request.url.host} answered with no token`);
    return parsed.data;
  } catch (thrown) {
    if (thrown instanceof WrennError) throw thrown;
    limit.throwIfAborted();
    throw new WrennError('host_unavailable', `${request.url.host} ended the connection`, { cause: thrown });
  } finally {
    answer.destroy();
  }
}

function tokenRequest({ parameters }: Challenge, purpose: TokenPurpose): GuardedRequest {
  const { repository, credentials } = purpose;
  const url = realmOf(parameters.get('realm') ?? '', purpose);
  const query = new URLSearchParams({ scope: `repository:${repository}:pull` });
  const service = parameters.get('service');
  if (service !== undefined) query.set('service', service);
  const accept = { accept: 'application/json' };
  if (credentials?.kind === 'identity_token') {
    query.set('grant_type', 'refresh_token');
    query.set('client_id', 'wrenn');
    query.set('refresh_token', credentials.token.reveal());
    const headers = { ...accept, 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', url, headers, body: query.toString() };
  }
  for (const [name, value] of query) url.searchParams.set(name, value);
  const shown = credentials === undefined ? {} : { authorization: basicAuthorization(credentials) };
  return { method: 'GET', url, headers: { ...accept, ...shown } };
}

function realmOf(realm: string, { image, isInsecure }: TokenPurpose): URL {
  const url = URL.parse(realm);
  const isAllowed = url?.protocol === 'https:' || (isInsecure && url?.protocol === 'http:');
  if (url === null || !isAllowed) {
    throw imageRefused(
      image,
      `the registry sends us for a token to ${quote(realm)}, which is no https address`,
    );
  }
  url.username = '';
  url.password = '';
  return url;
}
