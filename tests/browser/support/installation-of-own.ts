import { Cleanup } from '@wrenn/core';
import { FakeGitHub } from '../../../apps/control-plane/src/oauth/testing/fake-github.ts';
import { type Installation, startInstallation } from './start-installation.ts';

export interface OwnInstallation extends Installation, AsyncDisposable {
  readonly github: FakeGitHub;
}

/** One beside the shared one, for what is about accounts: sign-ins through a fake GitHub, limits of its own. */
export async function startInstallationOfOwn(): Promise<OwnInstallation> {
  const cleanup = new Cleanup();
  try {
    const github = await FakeGitHub.start();
    await cleanup.add('the fake GitHub', () => github[Symbol.asyncDispose]());
    const installation = await startInstallation(cleanup, {
      OAUTH_GITHUB_CLIENT_ID: github.client.id,
      OAUTH_GITHUB_CLIENT_SECRET: github.client.secret,
      OAUTH_GITHUB_URL: github.url,
    });
    return { ...installation, github, [Symbol.asyncDispose]: () => cleanup.release() };
  } catch (thrown) {
    await cleanup.release();
    throw thrown;
  }
}
