import { randomInt } from 'node:crypto';
import { Cleanup } from '@wrenn/core';
import type { PostgresVersion } from '@wrenn/testkit';
import {
  type AccountServer,
  accountDatabases,
  newAddress,
  startAccountServer,
} from '../../users/testing/accounts.ts';
import { type Answer, Browser } from '../../users/testing/browser.ts';
import { FakeGitHub, type FakeGitHubUser } from './fake-github.ts';

/** A server that offers a fake GitHub, and people who go there and come back. */
export class GitHubVisits implements AsyncDisposable {
  readonly home = 'http://127.0.0.1:8080/auth/github/callback';
  readonly settings = 'http://127.0.0.1:8080/dashboard/settings';
  readonly server: AccountServer;
  readonly github: FakeGitHub;
  readonly #cleanup: Cleanup;

  constructor(server: AccountServer, github: FakeGitHub, cleanup: Cleanup) {
    this.server = server;
    this.github = github;
    this.#cleanup = cleanup;
  }

  static async start(version: PostgresVersion): Promise<GitHubVisits> {
    const cleanup = new Cleanup();
    try {
      const databases = await accountDatabases(version);
      await cleanup.add('the databases', async () => await databases[Symbol.asyncDispose]());
      const github = await FakeGitHub.start();
      await cleanup.add('the fake GitHub', () => github[Symbol.asyncDispose]());
      const server = await startAccountServer(databases, {
        OAUTH_GITHUB_CLIENT_ID: github.client.id,
        OAUTH_GITHUB_CLIENT_SECRET: github.client.secret,
        OAUTH_GITHUB_URL: github.url,
      });
      await cleanup.add('the server', async () => await server[Symbol.asyncDispose]());
      return new GitHubVisits(server, github, cleanup);
    } catch (thrown) {
      await cleanup.release();
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.release();
  }

  browser(): Browser {
    return new Browser(this.server.url);
  }

  /** Somebody whom nobody knows here. */
  stranger(more: Partial<FakeGitHubUser> = {}): FakeGitHubUser {
    return FakeGitHub.user(randomInt(1e9), newAddress(), more);
  }

  /** Goes to GitHub; returns where that sends the browser back to. */
  async go(browser: Browser, intent: 'login' | 'signup', person: FakeGitHubUser): Promise<URL> {
    const begun = await browser.get(`/auth/oauth/github?intent=${intent}`);
    return await this.consent(begun.location, { person });
  }

  /** The same, for a link. */
  async connect(browser: Browser, person: FakeGitHubUser): Promise<URL> {
    const { status, body } = await browser.get('/v1/me/providers/github/connect');
    if (status !== 200) throw new Error(`beginning a link answered ${status}`);
    return await this.consent(String(body['auth_url']), { person });
  }

  async consent(location: string, consent: FakeGitHub['consent']): Promise<URL> {
    this.github.consent = consent;
    const answer = await fetch(location, { redirect: 'manual' });
    const back = new URL(answer.headers.get('location') ?? '');
    return new URL(`${back.pathname}${back.search}`, this.server.url);
  }

  /** There and back. */
  async through(browser: Browser, intent: 'login' | 'signup', person: FakeGitHubUser): Promise<Answer> {
    return await browser.get((await this.go(browser, intent, person)).href);
  }
}

export function addressOf(person: FakeGitHubUser): string {
  return person.emails[0]?.email ?? '';
}
