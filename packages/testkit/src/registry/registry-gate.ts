import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { RegistryConduct } from './conduct.ts';

/** Who may read what of a test registry, and the tokens that it has given out. */
export class RegistryGate {
  readonly #tokens = new Map<string, string>();

  /** Undefined for whoever may read the repository; else the challenge that they get. */
  challenge(
    { access, realm }: RegistryConduct,
    { headers }: IncomingMessage,
    repository: string,
    url: string,
  ): string | undefined {
    const shown = headers.authorization ?? '';
    if (access.kind === 'everybody') return undefined;
    if (access.kind === 'basic') {
      return shown === basic(access.username, access.password) ? undefined : 'Basic realm="test"';
    }
    const scope = `repository:${repository}:pull`;
    if (this.#tokens.get(shown.replace('Bearer ', '')) === scope) return undefined;
    return `Bearer realm="${realm ?? `${url}/token`}",service="test registry",scope="${scope}"`;
  }

  /** A token for what was asked for, or undefined for somebody who gets none. */
  async grant({ access }: RegistryConduct, request: IncomingMessage, url: URL): Promise<string | undefined> {
    const form = request.method === 'POST' ? new URLSearchParams(await text(request)) : url.searchParams;
    const reader = access.kind === 'bearer' ? access.for : { kind: 'everybody' as const };
    const isKnown =
      reader.kind === 'everybody' ||
      (reader.kind === 'password'
        ? request.headers.authorization === basic(reader.username, reader.password)
        : form.get('refresh_token') === reader.token && form.get('grant_type') === 'refresh_token');
    if (!isKnown || form.get('service') !== 'test registry') return undefined;
    const token = randomBytes(12).toString('hex');
    this.#tokens.set(token, form.get('scope') ?? '');
    return token;
  }

  /** As if all tokens had become too old. */
  forget(): void {
    this.#tokens.clear();
  }
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
