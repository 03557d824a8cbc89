import { FakeHostAgent, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';
import type { Mail } from './mail.ts';
import { ReceivingServer } from './testing/receiving-server.ts';

let databases: TestDatabases;
let receiving: ReceivingServer;
let server: TestServer<FakeHostAgent>;

beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
  receiving = await ReceivingServer.start();
  server = await startTestServer({
    databaseUrl: await databases.fresh(),
    startAgent: (tls) => FakeHostAgent.start(tls),
    variables: {
      SMTP_HOST: '127.0.0.1',
      SMTP_PORT: String(receiving.port),
      SMTP_TLS: 'never',
      SMTP_FROM_EMAIL: 'Wrenn <wrenn@example.com>',
    },
  });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await receiving?.[Symbol.asyncDispose]();
  await databases?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  receiving.mails.length = 0;
  receiving.refusals = 0;
});

const mail: Mail = {
  kind: 'test',
  to: 'ada@example.com',
  name: 'Ada',
  subject: 'Hello\r\nBcc: eve@example.com',
  paragraphs: ['All is well.'],
  button: { text: 'Look', url: 'http://localhost/look?token=very-secret' },
};

async function send(what: Mail): Promise<void> {
  const { database, mailer } = server.controlPlane.context;
  await database.transaction().execute((transaction) => mailer.send(transaction, what));
}

test('a mail leaves as text and as a page, once its transaction is over', async () => {
  await send(mail);
  await expect.poll(() => receiving.mails.length, { timeout: 20_000 }).toBe(1);
  const [received] = receiving.mails;
  expect(received).toMatchObject({ from: 'wrenn@example.com', to: ['ada@example.com'] });
  expect(received?.source).toMatch(/content-type: multipart\/alternative/i);
  expect(received?.source).toContain('All is well.');
  expect(received?.source.split('\r\n\r\n', 1)[0]).not.toMatch(/^bcc:/im);
});

test('a mail of a transaction that fails is never sent', async () => {
  const { database, mailer } = server.controlPlane.context;
  const failed = database.transaction().execute(async (transaction) => {
    await mailer.send(transaction, { ...mail, to: 'nobody@example.com' });
    throw new Error('changed my mind');
  });
  await expect(failed).rejects.toThrow('changed my mind');
  await send(mail);
  await expect.poll(() => receiving.mails.length, { timeout: 20_000 }).toBe(1);
  expect(receiving.mails[0]?.to).toEqual(['ada@example.com']);
});

test('an address is one address, whatever it looks like', async () => {
  await send({ ...mail, to: 'a@example.com, b@example.com' });
  await send(mail);
  await expect
    .poll(() => receiving.mails.flatMap(({ to }) => to), { timeout: 20_000 })
    .toContain('ada@example.com');
  expect(receiving.mails.flatMap(({ to }) => to)).not.toContain('b@example.com');
});

test('what the server refuses for now is tried again', async () => {
  receiving.refusals = 1;
  await send({ ...mail, kind: 'again' });
  await expect.poll(() => receiving.refusals, { timeout: 20_000 }).toBe(0);
  await expect.poll(() => receiving.mails.length, { timeout: 50_000 }).toBe(1);
});

test('what waits cannot be read in the database', async () => {
  await send(mail);
  const { rows } = await sql<{ data: unknown }>`select data from pgboss.job where name = 'mail'`.execute(
    server.controlPlane.context.database,
  );
  expect(rows.length).toBeGreaterThan(0);
  expect(JSON.stringify(rows)).not.toContain('very-secret');
});
