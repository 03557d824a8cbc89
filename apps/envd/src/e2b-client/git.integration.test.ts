import type { Sandbox } from 'e2b';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalSandbox, startLocalSandbox } from './local-sandbox.ts';

let local: LocalSandbox;
let sandbox: Sandbox;
let folder: string;
beforeAll(async () => {
  local = await startLocalSandbox();
  ({ sandbox, folder } = local);
});
afterAll(() => local[Symbol.asyncDispose]());

test('a repository goes from init() to pull() in a clone', async () => {
  const { git, files } = sandbox;
  const origin = `${folder}/origin.git`;
  const here = `${folder}/here`;
  const there = `${folder}/there`;
  await git.init(origin, { bare: true, initialBranch: 'main' });
  await git.init(here, { initialBranch: 'main' });
  await git.setConfig('user.name', 'Ada', { scope: 'local', path: here });
  expect(await git.getConfig('user.name', { scope: 'local', path: here })).toBe('Ada');

  await files.write(`${here}/file`, 'one\n');
  expect(await git.status(here)).toMatchObject({ untrackedCount: 1, isClean: false });
  await git.add(here);
  await git.commit(here, 'first', { authorName: 'Ada', authorEmail: 'ada@example.org' });
  expect(await git.status(here)).toMatchObject({ currentBranch: 'main', isClean: true });

  await git.createBranch(here, 'side');
  await git.checkoutBranch(here, 'main');
  expect((await git.branches(here)).branches).toStrictEqual(['main', 'side']);
  await git.deleteBranch(here, 'side');
  expect((await git.branches(here)).branches).toStrictEqual(['main']);

  await git.remoteAdd(here, 'origin', origin);
  expect(await git.remoteGet(here, 'origin')).toBe(origin);
  await git.push(here, { remote: 'origin', branch: 'main', setUpstream: true });
  await git.clone(origin, { path: there });
  expect(await files.read(`${there}/file`)).toBe('one\n');

  await files.write(`${here}/file`, 'two\n');
  await git.restore(here, { paths: ['file'] });
  expect(await files.read(`${here}/file`)).toBe('one\n');
  await files.write(`${here}/file`, 'three\n');
  await git.add(here, { files: ['file'] });
  await git.reset(here, { paths: ['file'] });
  expect(await git.status(here)).toMatchObject({ stagedCount: 0, unstagedCount: 1 });
  await git.add(here);
  await git.commit(here, 'second', { authorName: 'Ada', authorEmail: 'ada@example.org' });
  await git.push(here);
  await git.pull(there);
  expect(await files.read(`${there}/file`)).toBe('three\n');
});

test('configureUser() and dangerouslyAuthenticate() write what git reads', async () => {
  // A home of its own: these write into the user's.
  const envs = { HOME: folder };
  await sandbox.git.configureUser('Ada', 'ada@example.org', { envs });
  expect(await sandbox.git.getConfig('user.email', { envs })).toBe('ada@example.org');
  await sandbox.git.dangerouslyAuthenticate({
    username: 'ada',
    password: 'secret',
    host: 'git.example.org',
    envs,
  });
  expect(await sandbox.files.read(`${folder}/.git-credentials`)).toContain('ada:secret@git.example.org');
});
