import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cleanup } from '@wrenn/core';
import { freePort } from '@wrenn/testkit/free-port';
import { startDevelopment } from '../../../scripts/dev/start.ts';
import { Mailbox } from './mailbox.ts';

export interface Installation {
  readonly url: string;
  readonly apiKey: string;
  /** Of the seeded accounts: admin@localhost, ada@localhost, ben@localhost. */
  readonly password: string;
  readonly databaseUrl: string;
  /** Where received mails are kept, one file each. */
  readonly mailFolder: string;
}

const startMs = 180_000;

/** A control plane on the fake host, with the built dashboard and a mail server. `cleanup` ends it. */
export async function startInstallation(
  cleanup: Cleanup,
  more: Readonly<Record<string, string>> = {},
): Promise<Installation> {
  const folder = await mkdtemp(join(tmpdir(), 'wrenn-browser-'));
  await cleanup.add('its folder', () => rm(folder, { recursive: true, force: true }));
  // PostgreSQL's user has to pass through it.
  await chmod(folder, 0o755);
  const mailFolder = join(folder, 'mails');
  const mailbox = await Mailbox.open(mailFolder);
  await cleanup.add('the mailbox', () => mailbox[Symbol.asyncDispose]());
  const address = `127.0.0.1:${await freePort()}`;
  const environment = {
    LOG_LEVEL: 'error',
    WRENN_CP_LISTEN_ADDR: address,
    CP_PUBLIC_URL: `http://${address}`,
    SMTP_HOST: '127.0.0.1',
    SMTP_PORT: String(mailbox.port),
    SMTP_TLS: 'never',
    // Receivers of channels, which tests start beside it.
    WRENN_CHANNEL_PRIVATE_TARGETS: '127.0.0.0/8',
    ...more,
  };
  const development = await startDevelopment(folder, environment, AbortSignal.timeout(startMs));
  await cleanup.add('the control plane', async () => {
    await development[Symbol.asyncDispose]();
  });
  const { url, apiKey, password, databaseUrl } = development;
  return { url, apiKey, password, databaseUrl, mailFolder };
}
