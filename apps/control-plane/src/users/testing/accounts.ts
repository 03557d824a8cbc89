import { randomBytes } from 'node:crypto';
import { FakeHostAgent, type PostgresVersion, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { migrateUrl } from '../../db/migrator.ts';
import { startTestServer, type TestServer } from '../../testing/test-server.ts';
import { Browser } from './browser.ts';
import { mailTo, tokenIn } from './mailbox.ts';

export type AccountServer = TestServer<FakeHostAgent>;

/** A server behind a proxy that it trusts, so that each browser of a test has an address of its own. */
export async function startAccountServer(
  databases: TestDatabases,
  variables: Readonly<Record<string, string>> = {},
): Promise<AccountServer> {
  return await startTestServer({
    databaseUrl: await databases.fresh(),
    startAgent: (tls) => FakeHostAgent.start(tls),
    variables: { WRENN_CP_TRUSTED_PROXIES: '127.0.0.1', ...variables },
  });
}

export async function accountDatabases(version: PostgresVersion): Promise<TestDatabases> {
  return await testDatabases(version, migrateUrl);
}

export function newAddress(): string {
  return `ada.${randomBytes(6).toString('hex')}@example.org`;
}

export const goodPassword = 'correct horse battery';

export interface Account {
  readonly email: string;
  readonly browser: Browser;
  readonly token: string;
  readonly userId: string;
  readonly teamId: string;
}

/** Signs somebody up and in, the whole way. */
export async function newAccount(server: AccountServer, name = 'Ada'): Promise<Account> {
  const email = newAddress();
  const browser = new Browser(server.url);
  await browser.post('/v1/auth/signup', { email, password: goodPassword, name });
  const mail = await mailTo(server.controlPlane, email, 'activation');
  const { status, body } = await browser.post('/v1/auth/activate', { token: tokenIn(mail) });
  if (status !== 200) throw new Error(`activating answered ${status}`);
  const { token, user_id: userId, team_id: teamId } = body;
  return { email, browser, token: String(token), userId: String(userId), teamId: String(teamId) };
}

/** The server of a file's tests, and the databases that it is in. */
export class AccountTests implements AsyncDisposable {
  readonly server: AccountServer;
  readonly #databases: TestDatabases;

  constructor(server: AccountServer, databases: TestDatabases) {
    this.server = server;
    this.#databases = databases;
  }

  static async start(
    version: PostgresVersion,
    variables: Readonly<Record<string, string>> = {},
  ): Promise<AccountTests> {
    const databases = await accountDatabases(version);
    try {
      return new AccountTests(await startAccountServer(databases, variables), databases);
    } catch (thrown) {
      await databases[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  get context() {
    return this.server.controlPlane.context;
  }

  browser(): Browser {
    return new Browser(this.server.url);
  }

  async account(name?: string): Promise<Account> {
    return await newAccount(this.server, name);
  }

  /** Somebody's further browser, signed in. */
  async signedIn(email: string, password = goodPassword): Promise<Browser> {
    const browser = this.browser();
    const { status } = await browser.post('/v1/auth/login', { email, password });
    if (status !== 200) throw new Error(`signing in answered ${status}`);
    return browser;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.#databases[Symbol.asyncDispose]();
  }
}
