import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  acceptUnix,
  connectUnix,
  listenUnix,
  peerCredentials,
  receiveWithDescriptors,
  sendWithDescriptors,
} from './unix-socket.ts';

let directory: string;
const open: number[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'unix-'));
});
afterEach(() => {
  for (const fd of open.splice(0)) closeSync(fd);
  rmSync(directory, { recursive: true });
});

function pair(): { readonly client: number; readonly server: number } {
  const path = join(directory, 'socket');
  const listening = listenUnix(path, 0o600);
  const client = connectUnix(path);
  const server = acceptUnix(listening);
  open.push(listening, client, server);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  return { client, server };
}

function fileOf(content: string): number {
  const path = join(directory, content);
  writeFileSync(path, content);
  const fd = openSync(path, 'r');
  open.push(fd);
  return fd;
}

describe('a Unix socket', () => {
  it('hands over descriptors of the same open files', () => {
    const { client, server } = pair();
    expect(sendWithDescriptors(client, Buffer.from('two'), [fileOf('one'), fileOf('other')])).toBe(3);
    const { bytes, descriptors, isTruncated } = receiveWithDescriptors(server, 100, 4);
    open.push(...descriptors);
    expect(bytes.toString()).toBe('two');
    expect(descriptors.map((fd) => readFileSync(fd, 'utf8'))).toEqual(['one', 'other']);
    expect(isTruncated).toBe(false);
  });

  it('says when there were more descriptors than were wanted, and keeps none open that it did not return', () => {
    const { client, server } = pair();
    const files = [fileOf('a'), fileOf('b'), fileOf('c'), fileOf('d')];
    const before = readdirSync('/proc/self/fd').length;
    sendWithDescriptors(client, Buffer.from('x'), files);
    const { descriptors, isTruncated } = receiveWithDescriptors(server, 10, 1);
    open.push(...descriptors);
    expect(isTruncated).toBe(true);
    expect(descriptors.length).toBeLessThan(files.length);
    expect(readdirSync('/proc/self/fd').length).toBe(before + descriptors.length);
  });

  it('passes bytes alone, and nothing at the end of the stream', () => {
    const { client, server } = pair();
    sendWithDescriptors(client, Buffer.from('plain'), []);
    expect(receiveWithDescriptors(server, 10, 1)).toMatchObject({ descriptors: [], isTruncated: false });
    open.splice(open.indexOf(client), 1);
    closeSync(client);
    expect(receiveWithDescriptors(server, 10, 1).bytes).toHaveLength(0);
  });

  it('knows who is at the other end', () => {
    const { server } = pair();
    expect(peerCredentials(server)).toEqual({
      pid: process.pid,
      uid: process.getuid?.(),
      gid: process.getgid?.(),
    });
  });
});
