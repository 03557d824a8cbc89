import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FilesystemEvent, FilesystemEventType, Sandbox } from 'e2b';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import * as z from 'zod/mini';
import { client } from '../support/client.ts';

/** E2B's published client against the daemon in a real capsule, through the edge: as `E2B_SANDBOX_URL` makes it. */
let sandbox: Sandbox;
beforeAll(async () => {
  const { id } = await client().capsules.create();
  const record = join(inject('wrenn').directory, 'capsules', id, 'record.json');
  const { accessToken } = z
    .object({ accessToken: z.string() })
    .parse(JSON.parse(await readFile(record, 'utf8')));
  sandbox = new Sandbox({
    sandboxId: id,
    envdVersion: await versionOf(id),
    envdAccessToken: accessToken,
    sandboxUrl: inject('wrenn').edgeUrl,
    apiKey: 'e2b_00',
  });
});
afterAll(() => client().capsules.destroy(sandbox.sandboxId));

async function versionOf(id: string): Promise<string> {
  const headers = { 'e2b-sandbox-id': id, 'e2b-sandbox-port': '49983' };
  const answer = await fetch(`${inject('wrenn').edgeUrl}/health`, { headers });
  return z.object({ version: z.string() }).parse(await answer.json()).version;
}

test('a command runs as the user that is asked for, with a terminal and without', async () => {
  const { stdout } = await sandbox.commands.run('id -un; id -Gn; pwd', { user: 'user' });
  expect(stdout).toBe('user\nuser\n/home/user\n');
  let shown = '';
  const terminal = await sandbox.pty.create({
    cols: 100,
    rows: 30,
    user: 'user',
    onData: (bytes) => {
      shown += Buffer.from(bytes).toString();
    },
  });
  await sandbox.pty.sendInput(terminal.pid, Buffer.from('stty size; id -un; exit\n'));
  expect((await terminal.wait()).exitCode).toBe(0);
  expect(shown).toMatch(/30 100\r\nuser\r\n/);
});

test('input goes in, and a client that comes back gets on', async () => {
  const handle = await sandbox.commands.run('cat; echo over', { background: true, stdin: true });
  await handle.sendStdin('in\n');
  await handle.disconnect();
  const again = await sandbox.commands.connect(handle.pid);
  await again.closeStdin();
  expect((await again.wait()).stdout).toContain('over\n');
});

test('files go up, are told of, and come down', async () => {
  const events: FilesystemEvent[] = [];
  const folder = '/home/user/e2b';
  await sandbox.files.makeDir(folder, { user: 'user' });
  const watch = await sandbox.files.watchDir(folder, (event) => void events.push(event), {
    user: 'user',
    recursive: true,
  });
  const content = new Uint8Array(3_000_000).map((_, index) => index % 251);
  await sandbox.files.write(`${folder}/deep/file`, content.buffer, {
    user: 'user',
    metadata: { by: 'test' },
  });
  expect(await sandbox.files.getInfo(`${folder}/deep/file`, { user: 'user' })).toMatchObject({
    size: content.length,
    owner: 'user',
    metadata: { by: 'test' },
  });
  const back = await sandbox.files.read(`${folder}/deep/file`, { format: 'bytes', user: 'user' });
  expect(Buffer.compare(back, content)).toBe(0);
  await expect
    .poll(() => events)
    .toContainEqual(expect.objectContaining({ name: 'deep/file', type: FilesystemEventType.CREATE }));
  await watch.stop();
  await sandbox.files.remove(folder, { user: 'user' });
  expect(await sandbox.files.exists(folder, { user: 'user' })).toBe(false);
});

test('what the user may not touch stays as it is', async () => {
  await expect(sandbox.files.write('/etc/passwd', 'x', { user: 'user' })).rejects.toThrow(
    'permission denied',
  );
  await expect(sandbox.files.remove('/etc/passwd', { user: 'user' })).rejects.toThrow('permission denied');
  expect(await sandbox.files.read('/etc/passwd', { user: 'user' })).toContain('user:');
});

test('a signed link works without the token, and only for its file', async () => {
  await sandbox.files.write('/home/user/shared', 'content', { user: 'user' });
  const url = await sandbox.downloadUrl('/home/user/shared', {
    user: 'user',
    useSignatureExpiration: 60_000,
  });
  // With one address for all sandboxes a link names none of them: whoever follows it has to.
  const headers = { 'e2b-sandbox-id': sandbox.sandboxId, 'e2b-sandbox-port': '49983' };
  expect(await (await fetch(url, { headers })).text()).toBe('content');
  expect((await fetch(url.replace('shared', '.bashrc'), { headers })).status).toBe(401);
});

test('a repository is made and has its first commit', async () => {
  const path = '/home/user/repository';
  await sandbox.git.init(path, { user: 'user', initialBranch: 'main' });
  await sandbox.files.write(`${path}/file`, 'x', { user: 'user' });
  await sandbox.git.add(path, { user: 'user' });
  await sandbox.git.commit(path, 'first', { user: 'user', authorName: 'A', authorEmail: 'a@example.org' });
  expect(await sandbox.git.status(path, { user: 'user' })).toMatchObject({
    currentBranch: 'main',
    isClean: true,
  });
});

test('one whose capsule is gone is told so', async () => {
  const { id } = await client().capsules.create();
  const other = new Sandbox({
    sandboxId: id,
    envdVersion: await versionOf(id),
    sandboxUrl: inject('wrenn').edgeUrl,
    apiKey: 'e2b_00',
  });
  expect(await other.isRunning()).toBe(true);
  await client().capsules.destroy(id);
  expect(await other.isRunning()).toBe(false);
});
