import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { FakeAuthorization, formOf } from './fake-authorization.ts';

export interface FakeGitHubUser {
  readonly id: number;
  readonly login: string;
  readonly name: string | null;
  /** The public one. */
  readonly email: string | null;
  readonly emails: readonly {
    readonly email: string;
    readonly primary: boolean;
    readonly verified: boolean;
  }[];
}

/** GitHub's OAuth and the two routes of its API that are asked, as an enterprise's own has them. */
export class FakeGitHub extends FakeAuthorization<FakeGitHubUser> {
  protected readonly authorizePath = '/login/oauth/authorize';
  readonly #tokens = new Map<string, FakeGitHubUser>();

  static async start(): Promise<FakeGitHub> {
    return await new FakeGitHub().listen();
  }

  /** Somebody with one verified address. */
  static user(id: number, email: string, more: Partial<FakeGitHubUser> = {}): FakeGitHubUser {
    const emails = [{ email, primary: true, verified: true }];
    return { id, login: `user${id}`, name: 'Octo Cat', email: null, emails, ...more };
  }

  protected async answer(request: IncomingMessage, { pathname }: URL): Promise<unknown> {
    if (pathname === '/login/oauth/access_token') return this.#token(request);
    const user = this.#tokens.get(request.headers.authorization?.replace('Bearer ', '') ?? '');
    if (user === undefined) return undefined;
    if (pathname === '/api/v3/user') {
      const { id, login, name, email } = user;
      return { id, login, name, email };
    }
    return pathname === '/api/v3/user/emails' ? user.emails : undefined;
  }

  async #token(request: IncomingMessage): Promise<unknown> {
    const grant = this.redeem(request, await formOf(request));
    // GitHub says so with the status 200.
    if (grant === undefined) return { error: 'bad_verification_code', error_description: 'wrong or expired' };
    const token = randomBytes(12).toString('hex');
    this.#tokens.set(token, grant.person);
    return { access_token: token, token_type: 'bearer', scope: 'user:email' };
  }
}
