import { closeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '@wrenn/core';
import {
  acceptUnix,
  copyPages,
  listenUnix,
  mapFile,
  pollDescriptors,
  readUserfaults,
  receiveWithDescriptors,
} from '@wrenn/sys';
import { expect, it, onTestFinished } from 'vitest';
import {
  files,
  loading,
  memoryBytes,
  never,
  page,
  place,
  rangesOf,
  start,
  template,
  useFakeBuilds,
} from '../testing/fake-host.ts';

useFakeBuilds();

interface Region {
  readonly base_host_virt_addr: number;
  readonly size: number;
  readonly offset: number;
  readonly page_size: number;
}

it('hands its memory over to a page server, and gets each page from it when it is touched', async () => {
  const directory = await place();
  await template(directory);
  const socketPath = join(directory, 'pages.sock');
  const listening = listenUnix(socketPath, 0o600);
  onTestFinished(() => closeSync(listening));
  const { api, guest } = await start(directory);
  const backend = { backend_type: 'Uffd' as const, backend_path: socketPath };
  const loaded = api.loadSnapshot({ ...loading(directory), mem_backend: backend }, never);
  const readable = async (fd: number) => {
    const isReadable = () => pollDescriptors([fd], 0)[0]?.isReadable === true || undefined;
    await until(isReadable, 1, AbortSignal.timeout(10_000));
  };
  await readable(listening);
  const connection = acceptUnix(listening);
  onTestFinished(() => closeSync(connection));
  await readable(connection);
  const { bytes, descriptors } = receiveWithDescriptors(connection, 1 << 16, 2);
  for (const fd of descriptors) onTestFinished(() => closeSync(fd));
  await loaded;

  const regions = JSON.parse(bytes.toString()) as Region[];
  expect(regions.map(({ offset, size, page_size }) => ({ offset, size, page_size }))).toEqual([
    { offset: 0, size: 64 << 20, page_size: page },
    { offset: 64 << 20, size: 16 << 20, page_size: page },
  ]);
  expect(descriptors).toHaveLength(1);
  const [userfaultfd = -1] = descriptors;

  await using file = await open(join(directory, 'base-memory'));
  using base = mapFile(file.fd, memoryBytes, { access: 'read', sharing: 'private' });
  const served = { pages: 0 };
  const serve = () => {
    for (const event of readUserfaults(userfaultfd, Buffer.alloc(4096))) {
      if (event.kind !== 'missing') continue;
      const address = Math.floor(Number(event.address) / page) * page;
      const region = regions.find(
        ({ base_host_virt_addr: start, size }) => address >= start && address < start + size,
      );
      if (region === undefined) throw new Error('a fault outside of all regions');
      const offset = address - region.base_host_virt_addr + region.offset;
      copyPages(userfaultfd, BigInt(address), base.address + BigInt(offset), page);
      served.pages++;
    }
  };
  const timer = setInterval(serve, 1);
  onTestFinished(() => clearInterval(timer));
  await api.setVm('Resumed', never);
  expect((await guest.read(70 << 20, 15)).toString()).toBe('of the template');
  await guest.write(3 * page, Buffer.from('b'));
  expect(served.pages).toBe(2);
  await api.setVm('Paused', never);
  await api.createSnapshot({ ...files(directory, 'diff'), snapshot_type: 'Diff' }, never);
  expect(await rangesOf(join(directory, 'diff-memory'))).toEqual([{ offset: 3 * page, length: page }]);
});
