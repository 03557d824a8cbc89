import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { unplaced } from '../workload/workload.ts';
import { SshHostKeys } from './ssh-host-keys.ts';

let root: string;
let keys: SshHostKeys;
let server: ChildProcess | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'envd-ssh-'));
  for (const folder of ['etc/ssh', 'run', 'bin']) mkdirSync(join(root, folder), { recursive: true });
  keys = new SshHostKeys(join(root, 'etc'), join(root, 'run'));
});
afterEach(() => {
  server?.kill('SIGKILL');
  rmSync(root, { recursive: true });
});

const has = () => readdirSync(join(root, 'etc/ssh')).toSorted();
const put = (name: string) => writeFileSync(join(root, 'etc/ssh', name), 'the parent’s');

/** Stands in for ssh-keygen(1), which an image may lack. */
function withGenerator(script: string): string {
  const path = join(root, 'bin/ssh-keygen');
  writeFileSync(path, `#!/bin/sh\ncd '${root}/etc/ssh' || exit 1\n${script}\n`);
  chmodSync(path, 0o755);
  return `${join(root, 'bin')}:/usr/bin:/bin`;
}

test('the keys and their certificates go, and everything else in the folder stays', () => {
  const own = ['sshd_config', 'ssh_config', 'moduli', 'authorized_keys'];
  const parents = [
    'ssh_host_ed25519_key',
    'ssh_host_ed25519_key.pub',
    'ssh_host_rsa_key',
    'ssh_host_rsa_key-cert.pub',
  ];
  for (const name of [...own, ...parents]) put(name);
  expect(keys.remove()).toBe('removed');
  expect(has()).toEqual(own.toSorted());
});

test('a machine without keys, or without the folder, has none', async () => {
  expect(keys.remove()).toBe('none');
  expect(new SshHostKeys(join(root, 'nowhere'), root).remove()).toBe('none');
  await keys.renew(withGenerator('touch ssh_host_rsa_key'), unplaced);
  expect(has()).toEqual([]);
});

test('new ones are made by the image’s own program', async () => {
  put('ssh_host_rsa_key');
  keys.remove();
  await keys.renew(withGenerator('test "$*" = -A && echo new >ssh_host_rsa_key'), unplaced);
  expect(readFileSync(join(root, 'etc/ssh/ssh_host_rsa_key'), 'utf8')).toBe('new\n');
});

test('an image without that program has no keys any more, and envd says so', async () => {
  const said = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    put('ssh_host_rsa_key');
    keys.remove();
    await keys.renew(join(root, 'bin'), unplaced);
    expect(said).toHaveBeenCalledWith(expect.stringContaining('no ssh-keygen'));
  } finally {
    said.mockRestore();
  }
  expect(has()).toEqual([]);
});

test('a generator that was copied with the machine does not finish its work in the copy', async () => {
  put('ssh_host_rsa_key');
  keys.remove();
  const path = withGenerator('echo begun >begun; sleep 60; echo shared >ssh_host_rsa_key');
  const first = keys.renew(path, unplaced);
  await expect.poll(has).toEqual(['begun']);
  expect(keys.remove()).toBe('removed');
  await first;
  await keys.renew(withGenerator('echo own >ssh_host_rsa_key'), unplaced);
  expect(readFileSync(join(root, 'etc/ssh/ssh_host_rsa_key'), 'utf8')).toBe('own\n');
});

test('a server shows nobody the old keys, and starts anew with the new ones', async () => {
  // A process of that name that says when it is told to start anew.
  symlinkSync('/bin/bash', join(root, 'bin/sshd'));
  const script = 'trap "echo again" HUP; echo ready; while :; do sleep 0.05; done';
  server = spawn(join(root, 'bin/sshd'), ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  if (server.stdout === null) throw new Error('no output');
  const lines = createInterface({ input: server.stdout });
  await once(lines, 'line');
  writeFileSync(join(root, 'run/sshd.pid'), `${server.pid}\n`);
  const state = () => /^State:\s+(\S)/m.exec(readFileSync(`/proc/${server?.pid}/status`, 'utf8'))?.[1];

  put('ssh_host_rsa_key');
  keys.remove();
  await expect.poll(state).toBe('T');
  const again = once(lines, 'line');
  await keys.renew(withGenerator('echo own >ssh_host_rsa_key'), unplaced);
  expect(await again).toEqual(['again']);
});

test('a process that only has the number of an earlier server is left alone', async () => {
  server = spawn('sleep', ['60']);
  const state = () => /^State:\s+(\S)/m.exec(readFileSync(`/proc/${server?.pid}/status`, 'utf8'))?.[1];
  await expect.poll(state).toBe('S');
  writeFileSync(join(root, 'run/sshd.pid'), `${server.pid}\n`);
  put('ssh_host_rsa_key');
  keys.remove();
  await keys.renew(withGenerator('true'), unplaced);
  expect(server.signalCode).toBeNull();
  expect(state()).toBe('S');
});
