import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants } from 'node:fs';
import { chmod, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@wrenn/core';
import {
  acceptUnix,
  attachTap,
  copyPages,
  dataRanges,
  listenUnix,
  mapFile,
  pollDescriptors,
  readUserfaults,
  receiveWithDescriptors,
} from '@wrenn/sys';
import { FakeFirecrackerControl, installFakeFirecracker } from '@wrenn/testkit/fake-firecracker';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { FirecrackerApi } from './client.ts';
import { lifeline } from './lifeline.ts';
import { isGone } from './request.ts';

const never = new AbortController().signal;
const memoryMiB = 80;
const memoryBytes = memoryMiB << 20;
const page = 4096;
const version = '1.16.2';

const tap = `wrenn-f${process.pid % 100_000}`;

let builds = '';
beforeAll(async () => {
  builds = await mkdtemp(join(tmpdir(), 'wrenn-fake-builds-'));
  await chmod(builds, 0o755);
  await installFakeFirecracker(builds, { version });
  await installFakeFirecracker(builds, { version: '1.17.0' });
  execFileSync('ip', ['tuntap', 'add', 'dev', tap, 'mode', 'tap']);
});
afterAll(async () => {
  execFileSync('ip', ['link', 'delete', tap]);
  await rm(builds, { recursive: true, force: true });
});

/** A directory with what a machine needs, which may be given to several of them one after the other. */
async function place(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wrenn-fake-firecracker-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'kernel'), Buffer.alloc(2 * page, 'kernel'));
  await writeFile(join(directory, 'rootfs'), Buffer.alloc(16 * page));
  return directory;
}

interface Started {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown[]>;
  readonly api: FirecrackerApi;
  readonly guest: FakeFirecrackerControl;
  readonly socketPath: string;
}

async function start(directory: string, build = version): Promise<Started> {
  const socketPath = join(directory, 'api.sock');
  await rm(socketPath, { force: true });
  const argv = ['--id', 'a-machine', '--api-sock', socketPath, '--level', 'Warning'];
  const child = spawn(join(builds, build, 'firecracker'), argv, { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const api = await FirecrackerApi.connect(socketPath, never);
  const guest = await FakeFirecrackerControl.connect(directory);
  onTestFinished(() => guest[Symbol.dispose]());
  return { child, exited, api, guest, socketPath };
}

async function configure(directory: string, { api }: Started): Promise<void> {
  await api.putBootSource({ kernel_image_path: join(directory, 'kernel'), boot_args: 'quiet' }, never);
  await api.putDrive(
    {
      drive_id: 'rootfs',
      path_on_host: join(directory, 'rootfs'),
      is_root_device: true,
      is_read_only: false,
      cache_type: 'Writeback',
    },
    never,
  );
  await api.putNetworkInterface({ iface_id: 'eth0', host_dev_name: tap }, never);
  await api.putMachineConfig({ vcpu_count: 1, mem_size_mib: memoryMiB, track_dirty_pages: true }, never);
  await api.putMmdsConfig({ version: 'V2', network_interfaces: ['eth0'] }, never);
  await api.putMmds({ name: 'a' }, never);
  await api.putBalloon({ amount_mib: 0, deflate_on_oom: true }, never);
  await api.putEntropy({}, never);
}

async function booted(directory: string): Promise<Started> {
  const started = await start(directory);
  await configure(directory, started);
  await started.api.start(never);
  return started;
}

/** Boots one, saves all of its memory, and ends it. */
async function template(directory: string): Promise<string> {
  const { api, guest, child, exited } = await booted(directory);
  await guest.write(70 << 20, Buffer.from('of the template'));
  await api.setVm('Paused', never);
  await api.createSnapshot({ ...files(directory, 'base'), snapshot_type: 'Full' }, never);
  const sum = await guest.sum();
  child.kill('SIGKILL');
  await exited;
  return sum;
}

const files = (directory: string, name: string) => ({
  snapshot_path: join(directory, `${name}-state`),
  mem_file_path: join(directory, `${name}-memory`),
});

const loading = (directory: string) => ({
  snapshot_path: join(directory, 'base-state'),
  mem_backend: { backend_type: 'File' as const, backend_path: join(directory, 'base-memory') },
  track_dirty_pages: true,
  resume_vm: false,
});

async function rangesOf(path: string) {
  await using file = await open(path);
  return [...dataRanges(file.fd, memoryBytes)];
}

it('boots a machine by the calls of the engine, in their order', async () => {
  const directory = await place();
  const { api, guest } = await booted(directory);
  await expect(api.describe(never)).resolves.toMatchObject({
    state: 'Running',
    id: 'a-machine',
    vmm_version: version,
  });
  await expect(api.version(never)).resolves.toBe(version);
  expect((await api.vmConfig(never))['machine-config']).toMatchObject({ mem_size_mib: memoryMiB });
  expect((await guest.read(0, 5)).toString()).toBe('quiet');
  const calls = (await guest.journal()).map(({ call, status }) => `${call} ${status}`);
  expect(calls.slice(1, -3)).toEqual([
    'PUT /boot-source 204',
    'PUT /drives/rootfs 204',
    'PUT /network-interfaces/eth0 204',
    'PUT /machine-config 204',
    'PUT /mmds/config 204',
    'PUT /mmds 204',
    'PUT /balloon 204',
    'PUT /entropy 204',
    'PUT /actions 204',
  ]);
});

it('refuses with the fault what comes too early, too late, or names what is not there', async () => {
  const directory = await place();
  const started = await start(directory);
  const { api } = started;
  await expect(api.start(never)).rejects.toMatchObject({
    code: 'agent_error',
    message: 'PUT /actions: 400: Start microvm error: no kernel was configured.',
  });
  await expect(api.setVm('Paused', never)).rejects.toThrow('not supported before starting');
  await expect(
    api.putDrive({ drive_id: 'rootfs', path_on_host: '/nowhere/disk', is_root_device: true }, never),
  ).rejects.toThrow('ENOENT');
  await configure(directory, started);
  await api.start(never);
  await expect(api.putEntropy({}, never)).rejects.toThrow('not supported after starting');
});

it('writes all of the memory in a Full, and in a Diff what was written since', async () => {
  const directory = await place();
  const { api, guest } = await booted(directory);
  await api.setVm('Paused', never);
  await api.createSnapshot({ ...files(directory, 'full'), snapshot_type: 'Full' }, never);
  const full = await readFile(join(directory, 'full-memory'));
  expect(full.length).toBe(memoryBytes);
  expect(full.subarray(1 << 20, (1 << 20) + 6).toString()).toBe('kernel');

  await api.setVm('Resumed', never);
  await guest.write(3 * page + 100, Buffer.alloc(page, 'a'));
  await guest.write(70 << 20, Buffer.from('b'));
  await api.setVm('Paused', never);
  await api.createSnapshot({ ...files(directory, 'diff'), snapshot_type: 'Diff' }, never);
  expect(await rangesOf(join(directory, 'diff-memory'))).toEqual([
    { offset: 3 * page, length: 2 * page },
    { offset: 70 << 20, length: page },
  ]);
  expect((await stat(join(directory, 'diff-memory'))).size).toBe(memoryBytes);

  await api.createSnapshot({ ...files(directory, 'nothing'), snapshot_type: 'Diff' }, never);
  expect(await rangesOf(join(directory, 'nothing-memory'))).toEqual([]);
});

it('has the pages in the next Diff that one which failed did not save', async () => {
  const directory = await place();
  const { api, guest } = await booted(directory);
  await api.setVm('Paused', never);
  await api.createSnapshot({ ...files(directory, 'full'), snapshot_type: 'Full' }, never);
  await guest.write(5 * page, Buffer.from('x'));
  await guest.failNextCreate('No space left on device');
  const failing = api.createSnapshot({ ...files(directory, 'failed'), snapshot_type: 'Diff' }, never);
  await expect(failing).rejects.toThrow('Create snapshot error: No space left on device');
  await api.createSnapshot({ ...files(directory, 'diff'), snapshot_type: 'Diff' }, never);
  expect(await rangesOf(join(directory, 'diff-memory'))).toEqual([{ offset: 5 * page, length: page }]);
});

it('lays a Diff over a file that is there already', async () => {
  const directory = await place();
  const { api, guest } = await booted(directory);
  await api.setVm('Paused', never);
  await api.createSnapshot({ ...files(directory, 'kept'), snapshot_type: 'Full' }, never);
  await guest.write(9 * page, Buffer.from('later'));
  await api.createSnapshot({ ...files(directory, 'kept'), snapshot_type: 'Diff' }, never);
  const kept = await readFile(join(directory, 'kept-memory'));
  expect(kept.subarray(9 * page, 9 * page + 5).toString()).toBe('later');
  expect(kept.subarray(0, 5).toString()).toBe('quiet');
});

it('has the memory of a snapshot when it is loaded, and never writes its file', async () => {
  const directory = await place();
  const sum = await template(directory);
  const { api, guest } = await start(directory);
  await api.loadSnapshot(loading(directory), never);
  await expect(api.describe(never)).resolves.toMatchObject({ state: 'Paused' });
  await api.putMmds({ name: 'b' }, never);
  await api.setVm('Resumed', never);
  expect(await guest.sum()).toBe(sum);
  expect((await guest.read(70 << 20, 15)).toString()).toBe('of the template');

  const before = await readFile(join(directory, 'base-memory'));
  await guest.touchAll({ mode: 'write', threads: 4, order: 'random', every: 16 });
  await api.setVm('Paused', never);
  await api.createSnapshot({ ...files(directory, 'diff'), snapshot_type: 'Diff' }, never);
  expect(await rangesOf(join(directory, 'diff-memory'))).toHaveLength(memoryBytes / page / 16);
  expect((await readFile(join(directory, 'base-memory'))).equals(before)).toBe(true);
});

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

it('loads no snapshot of another version, and ends', async () => {
  const directory = await place();
  await template(directory);
  const { api, exited } = await start(directory, '1.17.0');
  await expect(api.loadSnapshot(loading(directory), never)).rejects.toThrow(
    'the snapshot is of version 1.16.2',
  );
  expect(await exited).toEqual([1, null]);
});

it('loads no snapshot whose disk is gone', async () => {
  const directory = await place();
  await template(directory);
  await rm(join(directory, 'rootfs'));
  const { api } = await start(directory);
  await expect(api.loadSnapshot(loading(directory), never)).rejects.toThrow('ENOENT');
});

it('loads no snapshot whose memory file is too short', async () => {
  const directory = await place();
  await template(directory);
  await writeFile(join(directory, 'base-memory'), Buffer.alloc(page));
  const { api } = await start(directory);
  await expect(api.loadSnapshot(loading(directory), never)).rejects.toThrow('not 80 MiB');
});

it('writes to the disk that it was given', async () => {
  const directory = await place();
  const { guest } = await booted(directory);
  const disk = join(directory, 'rootfs');
  await guest.writeDrive(disk, page, Buffer.from('on disk'));
  expect((await guest.readDrive(disk, page, 7)).toString()).toBe('on disk');
  expect((await readFile(disk)).subarray(page, page + 7).toString()).toBe('on disk');
});

it('gets no network device that is not there, is no TAP, or is of another', async () => {
  const directory = await place();
  const { api } = await start(directory);
  const put = (host_dev_name: string) => api.putNetworkInterface({ iface_id: 'eth0', host_dev_name }, never);
  await expect(put('wrenn-none')).rejects.toThrow('no network device wrenn-none');
  await expect(put('lo')).rejects.toThrow('EINVAL');
  const holder = attachTap(tap);
  await expect(put(tap)).rejects.toThrow('EBUSY');
  closeSync(holder);
  await put(tap);
});

it('prints and logs into pipes, and loses what nobody reads', async () => {
  const directory = await place();
  const started = await start(directory);
  const [log, serial] = [join(directory, 'log'), join(directory, 'console')];
  execFileSync('mkfifo', [log, serial]);
  await expect(started.api.putLogger({ log_path: log }, never)).rejects.toThrow('ENXIO');
  await using logEnd = await open(log, constants.O_RDWR | constants.O_NONBLOCK);
  await using serialEnd = await open(serial, constants.O_RDWR | constants.O_NONBLOCK);
  await started.api.putLogger({ log_path: log, level: 'Warning' }, never);
  await started.api.putSerial({ serial_out_path: serial }, never);
  await configure(directory, started);
  await started.api.start(never);
  await started.guest.log('x'.repeat(1000), 1000);
  const { bytesRead, buffer } = await serialEnd.read(Buffer.alloc(page), 0, page);
  expect(buffer.subarray(0, bytesRead).toString()).toBe('fake guest: booting\nfake guest: ready\n');
  const logged = await logEnd.read(Buffer.alloc(1 << 20), 0, 1 << 20);
  expect(logged.buffer.subarray(0, logged.bytesRead).toString()).toContain('[fake_firecracker] xxx');
  expect(logged.bytesRead).toBeLessThan(100_000);
});

it('is known to be gone when it crashes, to those who ask and to those who hold on', async () => {
  const directory = await place();
  const { api, guest, socketPath } = await booted(directory);
  using line = await lifeline(socketPath, never);
  await guest.crash('abort');
  await line.closed;
  expect(isGone(await api.describe(never).catch((thrown: unknown) => thrown))).toBe(true);
});

it('is waited for no longer than the caller wants when it hangs', async () => {
  const directory = await place();
  const { api, guest } = await booted(directory);
  await api.setVm('Paused', never);
  await guest.hang();
  const caller = new AbortController();
  const creating = api.createSnapshot(files(directory, 'full'), caller.signal);
  caller.abort(new Error('no longer wanted'));
  await expect(creating).rejects.toThrow('no longer wanted');
});

it('answers what version it is to any user, as the real one does', async () => {
  const program = join(builds, version, 'firecracker');
  const child = spawn(program, ['--version'], { uid: 4242, gid: 4242, stdio: ['ignore', 'pipe', 'inherit'] });
  const said = await child.stdout.toArray();
  expect(Buffer.concat(said).toString()).toBe('Firecracker v1.16.2\n');
});
