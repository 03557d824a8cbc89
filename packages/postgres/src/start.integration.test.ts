import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmbeddedPostgres } from './index.ts';

let directory: string;
const signal = AbortSignal.timeout(300_000);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wrenn-pg-'));
  await chmod(directory, 0o711);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function ask<T>(url: string, query: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T & object>(query)).rows as T[];
  } finally {
    await client.end();
  }
}

test('serves version 18 in UTC and UTF-8, over a Unix socket only', async () => {
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'a'), signal });
  try {
    const [row] = await ask<Record<string, string>>(
      postgres.url,
      `select current_setting('server_version') as version, current_setting('timezone') as zone,
              current_setting('listen_addresses') as addresses, current_setting('fsync') as fsync,
              current_database() as database,
              (select datlocale from pg_database where datname = current_database()) as locale`,
    );
    expect(row).toMatchObject({
      zone: 'UTC',
      addresses: '',
      fsync: 'on',
      database: 'wrenn',
      locale: 'C.UTF-8',
    });
    expect(row?.['version']).toMatch(/^18\./);
  } finally {
    await postgres.stop();
  }
});

test('runs as a user that is not root, in a session of its own, and keeps the password from others', async () => {
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'a'), signal });
  try {
    const status = await readFile(`/proc/${postgres.pid}/status`, 'utf8');
    expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).not.toBe('0');
    const session = (await readFile(`/proc/${postgres.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ')[3];
    expect(session).toBe(String(postgres.pid));
    expect((await stat(join(directory, 'a', 'password'))).mode & 0o777).toBe(0o600);
    await expect(ask(postgres.url.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toMatchObject({
      code: '28P01',
    });
  } finally {
    await postgres.stop();
  }
});

test('keeps what was stored', async () => {
  const first = await startEmbeddedPostgres({ directory: join(directory, 'a'), signal });
  await ask(first.url, `create table if not exists kept as select 'here' as text`);
  await first.stop();
  const second = await startEmbeddedPostgres({ directory: join(directory, 'a'), signal });
  try {
    expect(second.url).toBe(first.url);
    expect(await ask(second.url, 'select text from kept')).toEqual([{ text: 'here' }]);
  } finally {
    await second.stop();
  }
});

/** Another process that starts the server and then waits: the supervisor that is going to be killed. */
const supervisor = `
  import { startEmbeddedPostgres } from ${JSON.stringify(fileURLToPath(import.meta.resolve('./index.ts')))};
  const { pid } = await startEmbeddedPostgres({ directory: process.argv[1], signal: AbortSignal.timeout(60_000) });
  console.log(pid);
  setInterval(() => {}, 60_000);
`;

test('takes over from a supervisor that was killed, and stops the server that it left', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', supervisor, join(directory, 'b')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line', { signal })) as [string];
  child.kill('SIGKILL');
  await once(child, 'exit', { signal });

  const notes: string[] = [];
  const postgres = await startEmbeddedPostgres({
    directory: join(directory, 'b'),
    signal,
    log: (text) => notes.push(text),
  });
  try {
    expect(notes).toEqual([expect.stringContaining(line)]);
    expect(postgres.pid).not.toBe(Number(line));
    await expect(readlink(`/proc/${line}/exe`)).rejects.toThrow('ENOENT');
    expect(await ask(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  } finally {
    await postgres.stop();
  }
});

test('recovers when the server itself was killed, and what was committed is there', async () => {
  const first = await startEmbeddedPostgres({ directory: join(directory, 'b'), signal });
  await ask(first.url, `create table committed as select 7 as number`);
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  const second = await startEmbeddedPostgres({ directory: join(directory, 'b'), signal });
  try {
    expect(await ask(second.url, 'select number from committed')).toEqual([{ number: 7 }]);
  } finally {
    await second.stop();
  }
});

test('leaves a process alone whose PID stands in a stale PID file', async () => {
  const bystander = spawn('sleep', ['60'], { stdio: 'ignore' });
  try {
    const file = join(directory, 'b', 'data', 'postmaster.pid');
    await writeFile(file, `${bystander.pid}\n${join(directory, 'b', 'data')}\n`);
    const postgres = await startEmbeddedPostgres({ directory: join(directory, 'b'), signal });
    await postgres.stop();
    expect(bystander.exitCode).toBeNull();
    expect(bystander.signalCode).toBeNull();
  } finally {
    bystander.kill();
    await once(bystander, 'exit', { signal });
  }
});

test('says that a directory is too deep for a socket, or closed to its user', async () => {
  const deep = join(directory, 'x'.repeat(100));
  await expect(startEmbeddedPostgres({ directory: deep, signal })).rejects.toMatchObject({
    code: 'missing_prerequisite',
    message: expect.stringContaining('107'),
  });
  const closed = await mkdtemp(join(directory, 'c-'));
  await expect(startEmbeddedPostgres({ directory: join(closed, 'pg'), signal })).rejects.toMatchObject({
    code: 'missing_prerequisite',
    message: expect.stringContaining(closed),
  });
});

test('tells when the server ends by itself, and a stop after that does nothing', async () => {
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'a'), signal });
  process.kill(postgres.pid, 'SIGINT');
  await postgres.exited;
  await postgres.stop();
});
