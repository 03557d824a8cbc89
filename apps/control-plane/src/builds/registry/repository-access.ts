import type { IncomingMessage } from 'node:http';
import type { AddressGuard } from '../../outgoing/address-guard.ts';
import { openGuarded } from '../../outgoing/guarded-request.ts';
import { parseChallenges } from './challenge.ts';
import { basicAuthorization, type RegistryCredentials } from './credentials.ts';
import { credentialsRefused, imageRefused } from './faults.ts';
import type { RegistryLimits } from './limits.ts';
import { quote } from './quote.ts';
import { formatReference, type ImageReference } from './reference.ts';
import { registryUrl } from './registry-url.ts';
import { fetchToken } from './token.ts';

export interface AccessOptions {
  readonly guard: AddressGuard;
  readonly limits: RegistryLimits;
  readonly insecureRegistries: readonly string[];
}

const mostRedirects = 5;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Reading one repository of a registry, in the name of whoever gave credentials for it, if anybody did. */
export class RepositoryAccess {
  /** The name of the image, for messages. */
  readonly image: string;
  readonly #options: AccessOptions;
  readonly #base: URL;
  readonly #repository: string;
  readonly #credentials: RegistryCredentials | undefined;
  #authorization: string | undefined;

  constructor(
    options: AccessOptions,
    reference: ImageReference,
    credentials: RegistryCredentials | undefined,
  ) {
    const { registry, repository } = reference;
    this.image = formatReference(reference);
    this.#options = options;
    this.#base = registryUrl(registry, options.insecureRegistries);
    this.#repository = repository;
    this.#credentials = credentials;
  }

  get limits(): RegistryLimits {
    return this.#options.limits;
  }

  /** The answer to a GET of `path` in the repository, whatever its status, after authorization and redirects. */
  async open(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const url = new URL(`/v2/${this.#repository}/${path}`, this.#base);
    let answer = await this.#ask(url, headers, signal);
    if (answer.statusCode === 401) {
      answer.destroy();
      this.#authorization = await this.#authorize(answer.headers['www-authenticate'] ?? '', signal);
      answer = await this.#ask(url, headers, signal);
    }
    return await this.#follow(url, answer, headers, signal);
  }

  #ask(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
    const shown = this.#authorization === undefined ? {} : { authorization: this.#authorization };
    return openGuarded(
      this.#options.guard,
      { method: 'GET', url, headers: { ...headers, ...shown } },
      signal,
    );
  }

  async #authorize(header: string, signal: AbortSignal): Promise<string> {
    const challenges = parseChallenges(header);
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    const credentials = this.#credentials;
    if (bearer !== undefined) {
      const purpose = {
        image: this.image,
        repository: this.#repository,
        credentials,
        isInsecure: this.#base.protocol === 'http:',
      };
      return `Bearer ${await fetchToken(this.#options, bearer, purpose, signal)}`;
    }
    const isBasic = challenges.some(({ scheme }) => scheme === 'basic');
    if (isBasic && credentials?.kind === 'password') return basicAuthorization(credentials);
    throw credentialsRefused(this.image);
  }

  /** Goes where the answer leads, without anything that says who asks: another host needs none of it, and may keep it. */
  async #follow(
    from: URL,
    first: IncomingMessage,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    let [url, answer] = [from, first];
    let isOwn = true;
    for (let count = 1; redirects.has(answer.statusCode ?? 0); count += 1) {
      answer.destroy();
      if (count > mostRedirects) throw imageRefused(this.image, 'the registry redirects without end');
      url = this.#target(url, answer.headers.location ?? '');
      isOwn &&= url.origin === this.#base.origin;
      answer = isOwn
        ? await this.#ask(url, headers, signal)
        : await openGuarded(this.#options.guard, { method: 'GET', url, headers }, signal);
    }
    return answer;
  }

  #target(from: URL, location: string): URL {
    const target = URL.parse(location, from.href);
    const isAllowed =
      target?.protocol === 'https:' || (target?.protocol === 'http:' && from.protocol === 'http:');
    if (target === null || !isAllowed || location === '') {
      throw imageRefused(
        this.image,
        `the registry redirects to ${quote(location)}, which is no https address`,
      );
    }
    target.username = '';
    target.password = '';
    return target;
  }
}
