import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attachTap } from '@wrenn/sys';
import { expect, it } from 'vitest';
import {
  booted,
  builds,
  configure,
  files,
  memoryMiB,
  never,
  page,
  place,
  start,
  tap,
  useFakeBuilds,
  version,
} from '../testing/fake-host.ts';
import { lifeline } from './lifeline.ts';
import { isGone } from './request.ts';

useFakeBuilds();

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
