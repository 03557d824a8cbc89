import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataRanges } from '@wrenn/sys';
import { FakeFirecrackerControl, installFakeFirecracker } from '@wrenn/testkit/fake-firecracker';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { FirecrackerApi } from '../api/client.ts';

export const never = new AbortController().signal;
/** Of the guests here: two regions. */
export const memoryMiB = 80;
export const memoryBytes = memoryMiB << 20;
export const page = 4096;
export const version = '1.16.2';

export const tap = `wrenn-f${process.pid % 100_000}`;

/** Where the builds are; only between the tests' beginning and end. */
export let builds = '';

/** Gives the tests of a file a fake Firecracker of two versions, and a TAP that one machine at a time can have. */
export function useFakeBuilds(): void {
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
}

/** A directory with what a machine needs, which may be given to several of them one after the other. */
export async function place(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wrenn-fake-firecracker-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'kernel'), Buffer.alloc(2 * page, 'kernel'));
  await writeFile(join(directory, 'rootfs'), Buffer.alloc(16 * page));
  return directory;
}

export interface Started {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown[]>;
  readonly api: FirecrackerApi;
  readonly guest: FakeFirecrackerControl;
  readonly socketPath: string;
}

/** Starts a fake Firecracker as a plain child, which ends with the test. */
export async function start(directory: string, build = version): Promise<Started> {
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

export async function configure(directory: string, { api }: Started): Promise<void> {
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

/** One whose guest runs. */
export async function booted(directory: string): Promise<Started> {
  const started = await start(directory);
  await configure(directory, started);
  await started.api.start(never);
  return started;
}

/** Boots one, saves all of its memory, and ends it. */
export async function template(directory: string): Promise<string> {
  const { api, guest, child, exited } = await booted(directory);
  await guest.write(70 << 20, Buffer.from('of the template'));
  await api.setVm('Paused', never);
  await api.createSnapshot({ ...files(directory, 'base'), snapshot_type: 'Full' }, never);
  const sum = await guest.sum();
  child.kill('SIGKILL');
  await exited;
  return sum;
}

/** Of a snapshot: where they are. */
export const files = (directory: string, name: string) => ({
  snapshot_path: join(directory, `${name}-state`),
  mem_file_path: join(directory, `${name}-memory`),
});

/** Loads the template's snapshot from its file. */
export const loading = (directory: string) => ({
  snapshot_path: join(directory, 'base-state'),
  mem_backend: { backend_type: 'File' as const, backend_path: join(directory, 'base-memory') },
  track_dirty_pages: true,
  resume_vm: false,
});

/** Which parts of a memory file are data. */
export async function rangesOf(path: string) {
  await using file = await open(path);
  return [...dataRanges(file.fd, memoryBytes)];
}
