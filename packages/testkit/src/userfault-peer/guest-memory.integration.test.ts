import { createHash } from 'node:crypto';
import { closeSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  acceptUnix,
  copyPages,
  listenUnix,
  mapAnonymous,
  peerCredentials,
  pollDescriptors,
  readUserfaults,
  receiveWithDescriptors,
} from '@wrenn/sys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GuestMemory } from './guest-memory.ts';
import { guestPageBytes, markerAt, markerOf } from './memory-task.ts';
import { UserfaultPeer } from './userfault-peer.ts';

const page = guestPageBytes;
const lengths = [3 * page, 5 * page];
let folder: string;
let file: string;
let contents: Buffer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guest-memory-'));
  file = join(folder, 'memory');
  contents = Buffer.alloc(8 * page);
  for (let index = 0; index < 8; index++) contents.fill(index + 1, index * page, (index + 1) * page);
  await writeFile(file, contents);
});
afterEach(() => rm(folder, { recursive: true }));

describe('the memory of a guest', () => {
  it('reads and writes across its regions', async () => {
    await using memory = GuestMemory.anonymous(lengths);
    await memory.write(3 * page - 2, Buffer.from('abcd'));
    expect(String(await memory.read(3 * page - 2, 4))).toBe('abcd');
    expect(memory.length).toBe(8 * page);
  });

  it('is a file that it never writes', async () => {
    await using memory = GuestMemory.ofFile(file, lengths);
    expect(await memory.sum()).toBe(createHash('sha256').update(contents).digest('hex'));
    await memory.touchAll({ mode: 'write', threads: 2, order: 'random' });
    const saved = join(folder, 'saved');
    await memory.save(saved);
    for (let index = 0; index < 8; index++) contents[index * page + markerAt] = markerOf(index);
    expect((await readFile(saved)).equals(contents)).toBe(true);
    expect((await readFile(file))[markerAt]).toBe(1);
  });

  it('reads as zero where it was given back', async () => {
    await using memory = GuestMemory.anonymous(lengths);
    await memory.touchAll({ mode: 'write' });
    await memory.remove(2 * page, 2 * page);
    expect((await memory.read(2 * page, 2 * page)).equals(Buffer.alloc(2 * page))).toBe(true);
    expect((await memory.read(4 * page + markerAt, 1))[0]).toBe(markerOf(4));
  });

  it('refuses what is beyond it', async () => {
    await using memory = GuestMemory.anonymous(lengths);
    await expect(memory.read(7 * page, 2 * page)).rejects.toThrow('not all memory');
  });
});

describe('a peer', () => {
  it('hands its memory over as another user, and waits for its pages', async () => {
    await chmod(folder, 0o755);
    const socketPath = join(folder, 'socket');
    using held = new DisposableStack();
    const listening = held.adopt(listenUnix(socketPath, 0o666), closeSync);
    const backing = { kind: 'handed over', socketPath } as const;
    await using peer = await UserfaultPeer.start({ lengths, backing, as: { uid: 23456, gid: 23457 } });
    const connection = held.adopt(acceptUnix(listening), closeSync);
    expect(peerCredentials(connection)).toEqual({ pid: peer.pid, uid: 23456, gid: 23457 });
    const { bytes, descriptors } = receiveWithDescriptors(connection, 64 << 10, 4);
    const [first, second] = JSON.parse(String(bytes)) as { base_host_virt_addr: number }[];
    expect([first, second]).toEqual([
      expect.objectContaining({ size: 3 * page, offset: 0, page_size: page }),
      expect.objectContaining({ size: 5 * page, offset: 3 * page, page_size: page }),
    ]);
    const userfaultfd = held.adopt(descriptors[0] ?? -1, closeSync);
    expect(descriptors).toHaveLength(1);

    const read = peer.read(4 * page, 2);
    expect(pollDescriptors([userfaultfd], 20_000)[0]?.isReadable).toBe(true);
    const address = BigInt(second?.base_host_virt_addr ?? 0) + BigInt(page);
    expect(readUserfaults(userfaultfd, Buffer.alloc(1024))).toEqual([{ kind: 'missing', address }]);
    expect(peer.residentPages()).toEqual(new Set());
    const source = held.use(mapAnonymous(page));
    source.bytes.fill('x');
    copyPages(userfaultfd, address, source.address, page);
    expect(String(await read)).toBe('xx');
    expect(peer.residentPages()).toEqual(new Set([4]));
  });

  it('lets what waits for it fail when it ends', async () => {
    await using peer = await UserfaultPeer.start({ lengths, backing: { kind: 'anonymous' } });
    const sum = peer.touchAll({ mode: 'write' }).then(() => peer.sum());
    await peer.kill();
    await expect(sum).rejects.toThrow('ended');
    await expect(peer.sum()).rejects.toThrow('ended');
  });
});
