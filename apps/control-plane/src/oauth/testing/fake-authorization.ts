import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What was asked for when a code was given out; a code is good once. */
export interface FakeGrant<Person> {
  readonly person: Person;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly nonce: string;
}

/** How the next person who comes to the page of consent answers. */
export type FakeConsent<Person> = { readonly person: Person } | { readonly error: string };

/** The part of an OAuth server that all of them share: consent without a page, and codes bound to who asked for them. */
export abstract class FakeAuthorization<Person> implements AsyncDisposable {
  readonly client = { id: 'fake-client', secret: 'fake-secret' };
  consent: FakeConsent<Person> = { error: 'access_denied' };
  readonly #grants = new Map<string, FakeGrant<Person>>();
  readonly #server: Server = createServer((request, response) => {
    this.#answer(request, response).catch((thrown: unknown) => {
      response.statusCode = 500;
      response.end(String(thrown));
    });
  });

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** JSON, or undefined where there is no such path. */
  protected abstract answer(request: IncomingMessage, url: URL): Promise<unknown> | unknown;
  protected abstract readonly authorizePath: string;

  /** Where a browser that comes to the page of consent is sent on to. */
  protected decide({ searchParams }: URL): string {
    const back = new URL(searchParams.get('redirect_uri') ?? '');
    back.searchParams.set('state', searchParams.get('state') ?? '');
    if ('error' in this.consent) {
      back.searchParams.set('error', this.consent.error);
      return back.href;
    }
    const code = randomBytes(12).toString('hex');
    this.#grants.set(code, {
      person: this.consent.person,
      clientId: searchParams.get('client_id') ?? '',
      redirectUri: searchParams.get('redirect_uri') ?? '',
      challenge: searchParams.get('code_challenge') ?? '',
      nonce: searchParams.get('nonce') ?? '',
    });
    back.searchParams.set('code', code);
    return back.href;
  }

  /** What the code stands for, if everything fits; it is used up either way. */
  protected redeem(request: IncomingMessage, form: URLSearchParams): FakeGrant<Person> | undefined {
    const code = form.get('code') ?? '';
    const grant = this.#grants.get(code);
    this.#grants.delete(code);
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const basic = Buffer.from(`${this.client.id}:${this.client.secret}`).toString('base64');
    const isClient =
      request.headers.authorization === `Basic ${basic}` || form.get('client_secret') === this.client.secret;
    const fits =
      grant?.clientId === this.client.id &&
      grant.challenge === challenge &&
      grant.redirectUri === form.get('redirect_uri');
    return isClient && fits ? grant : undefined;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    if (url.pathname === this.authorizePath) {
      response.writeHead(302, { location: this.decide(url) }).end();
      return;
    }
    const body = await this.answer(request, url);
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { message: 'Not Found' }));
  }
}

export async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return new URLSearchParams(text);
}
