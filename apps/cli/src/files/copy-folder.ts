import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { WrennError } from '@wrenn/core';
import { type Copy, counter, type FileName, type InCapsule, oneOnEachSide, userOf } from './copy.ts';

/** Copies what is in a folder into a folder, into a capsule or out of one, by the tar of both sides. */
export async function copyFolder(source: FileName, destination: FileName, copy: Copy): Promise<void> {
  if (source.kind === 'here' && destination.kind === 'capsule')
    return await copyIn(source.path, destination, copy);
  if (source.kind === 'capsule' && destination.kind === 'here')
    return await copyOut(source, destination.path, copy);
  throw oneOnEachSide();
}

async function copyIn(path: string, { id, path: to }: InCapsule, { client, user, report, signal }: Copy) {
  if (!(await stat(path)).isDirectory()) {
    throw new WrennError('invalid_request', `${path} is not a folder`, { remedy: 'leave out --recursive' });
  }
  const tar = spawn('tar', ['-C', path, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'], signal });
  const ended = endOf(tar);
  const body = Readable.toWeb(tar.stdout.pipe(counter(report))) as ReadableStream<Uint8Array>;
  await Promise.all([client.files.writeFolder(id, to, body, userOf(user), { signal }), ended]);
}

async function copyOut({ id, path: from }: InCapsule, to: string, { client, user, report, signal }: Copy) {
  const body = await client.files.readFolder(id, from, userOf(user), { signal });
  await mkdir(to, { recursive: true });
  // What comes is of a capsule: nobody's name, no device, and tar itself lets nothing out of the folder.
  const args = ['-C', to, '--no-same-owner', '--no-same-permissions', '-xf', '-'];
  const tar = spawn('tar', args, { stdio: ['pipe', 'ignore', 'inherit'], signal });
  const ended = endOf(tar);
  const content = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
  // Tar ends at the mark in the archive, before the padding behind it: whether it is content is what counts.
  pipeline(content, counter(report), tar.stdin, { signal }).catch(() => undefined);
  await ended;
}

async function endOf(tar: ChildProcess): Promise<void> {
  const [code] = await once(tar, 'close');
  if (code !== 0) throw new WrennError('internal_error', `tar ended with ${code}`);
}
