import { lchown, readFile, stat, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { allEnded, Cleanup, deadline, WrennError } from '@wrenn/core';
import { killProcess } from '../../process/process-identity.ts';
import type { StartedProcess } from '../../process/started-process.ts';
import type { MachineSnapshot, MachineSpec } from '../engine.ts';
import { lastLines } from '../last-lines.ts';
import type { FirecrackerRecord } from '../machine-record.ts';
import { FirecrackerApi } from './api/client.ts';
import { BoundedLog } from './bounded-log.ts';
import type { FirecrackerBuild } from './builds.ts';
import { FirecrackerMachine } from './firecracker-machine.ts';
import { lastWords, withLastWords } from './last-words.ts';
import type { FirecrackerOptions } from './options.ts';
import { type PageServerProcess, startPageServer } from './page-server/start-page-server.ts';
import { inPlace } from './place.ts';
import { type PlacedFile, removeJail, startVmm, vmmName } from './start-vmm.ts';
import { watchPageServer } from './watch-page-server.ts';
import { WrittenMemory } from './written-memory.ts';

/** Firecracker answers some ms after the spawn; this allows for a host that is very busy. */
const controlDeadlineMs = 20_000;
const mebibyte = 1024 * 1024;

export type MachineStart =
  | { readonly kind: 'boot'; readonly memory: string; readonly console: 'off' | 'serial' }
  /** `file`: the memory is one file, which the VMM maps; else pages are fetched when they are touched. */
  | { readonly kind: 'restore'; readonly memory: 'file' | 'page_server'; readonly snapshot: MachineSnapshot };

export interface StartOptions extends Pick<FirecrackerOptions, 'codeCache' | 'disks' | 'jails' | 'log'> {
  readonly spec: MachineSpec;
  readonly build: FirecrackerBuild;
  readonly start: MachineStart;
  /** Makes a fresh Firecracker a machine that runs. */
  readonly configure: (api: FirecrackerApi) => Promise<void>;
}

/** Starts a VMM with all that it needs of the host. A fault leaves nothing of it, and carries what the VMM said. */
export async function startMachine(options: StartOptions, signal: AbortSignal): Promise<FirecrackerMachine> {
  const { spec } = options;
  const held = new Cleanup();
  const log = BoundedLog.open(inPlace(spec.directory, 'log'), spec.slot);
  await held.add('log', () => log[Symbol.dispose]());
  try {
    return await start(options, held, log, signal);
  } catch (cause) {
    const error = await withLastWords(cause, spec.directory, log);
    await held.release();
    throw error;
  }
}

async function start(
  options: StartOptions,
  held: Cleanup,
  log: BoundedLog,
  signal: AbortSignal,
): Promise<FirecrackerMachine> {
  const { spec, build } = options;
  const consoleTail = await keepConsole(options, held);
  const disk = await options.disks.attach(spec.disks, spec.slot, signal);
  await held.add('disk', () => disk.detach());
  await held.add('jail', () => removeJail(options.jails, vmmName(spec)));
  const [vmm, pages] = await allEnded([
    startedVmm(options, disk.path, held),
    startedPages(options, held, signal),
  ]);
  const controlSocket = inPlace(spec.directory, 'control');
  using limit = deadline(controlDeadlineMs, 'waiting for Firecracker', signal);
  const api = await Promise.race([FirecrackerApi.connect(controlSocket, limit), endOf(vmm)]);
  await Promise.race([options.configure(api), endOf(vmm)]);
  const record: FirecrackerRecord = {
    engine: 'firecracker',
    pid: vmm.pid,
    startTicks: vmm.startTicks,
    controlSocket,
    build: build.id,
    pageServer: pages?.record,
    attachedDisk: disk.name,
    jail: build.jailer && vmmName(spec),
    memoryBytes: spec.memoryMiB * mebibyte,
  };
  if (pages !== undefined) watchPageServer(pages, record, options.log);
  return new FirecrackerMachine({
    record,
    api,
    exited: vmm.exited,
    written: new WrittenMemory(spec.directory, spec.memoryMiB * mebibyte),
    bootMemory: options.start.kind === 'boot' ? basename(options.start.memory) : undefined,
    workingSet: pages && inPlace(spec.directory, 'workingSet'),
    flushDisk: (limited) => options.disks.flush(disk.name, limited),
    consoleTail,
    lastWords: () => lastWords(spec.directory, log),
    release: () => held.release(),
  });
}

async function startedVmm(options: StartOptions, rootfs: string, held: Cleanup): Promise<StartedProcess> {
  const { spec, build, start: from, jails } = options;
  // Its memory, and its disk where that is a file.
  const largestFileBytes = Math.max(spec.memoryMiB * mebibyte, (await stat(rootfs)).size);
  if (from.kind === 'restore') await copyDeviceState(spec, from.snapshot.deviceState);
  const files = placedFiles(spec, from, rootfs);
  const vmm = await startVmm({ spec, build, files, largestFileBytes, jails });
  await held.add('virtual machine', () => killProcess(vmm));
  return vmm;
}

async function startedPages(
  { spec, start: from, codeCache }: StartOptions,
  held: Cleanup,
  signal: AbortSignal,
): Promise<PageServerProcess | undefined> {
  if (from.kind === 'boot' || from.memory === 'file') return undefined;
  const { memory, workingSet } = from.snapshot;
  const { uid, gid } = spec.slot;
  const job = {
    socketPath: inPlace(spec.directory, 'pageServer'),
    peer: { uid, gid },
    memoryBytes: spec.memoryMiB * mebibyte,
    ...memory,
    prefetch: workingSet,
    recordTo: inPlace(spec.directory, 'workingSet'),
  };
  const pages = await startPageServer(job, { ...spec, codeCache }, signal);
  await held.add('page server', () => pages.stop());
  return pages;
}

/** A snapshot's is root's, and some ten KiB: the VMM gets one of its own. */
async function copyDeviceState({ directory, slot }: MachineSpec, deviceState: string): Promise<void> {
  await writeFile(inPlace(directory, 'deviceState'), await readFile(deviceState), {
    flag: 'wx',
    mode: 0o400,
  });
  await lchown(inPlace(directory, 'deviceState'), slot.uid, slot.gid);
}

/** What the VMM is to see of the host, beside its own directory. */
function placedFiles({ images }: MachineSpec, from: MachineStart, rootfs: string): PlacedFile[] {
  const both: PlacedFile[] = [
    { name: 'rootfs', from: rootfs, access: 'write' },
    { name: 'runtime', from: images.runtime.path, access: 'read' },
  ];
  if (from.kind === 'boot') {
    return [
      ...both,
      { name: 'kernel', from: images.kernel.vmlinux, access: 'read' },
      { name: 'initrd', from: images.kernel.initrd, access: 'read' },
    ];
  }
  const { memory } = from.snapshot;
  return [
    ...both,
    ...(from.memory === 'file' ? [{ name: 'memoryBase', from: memory.base, access: 'read' } as const] : []),
  ];
}

/** What a boot that failed is explained with. */
async function keepConsole(
  { spec, start: from }: StartOptions,
  held: Cleanup,
): Promise<() => Promise<string>> {
  if (from.kind !== 'boot' || from.console === 'off')
    return async () => 'nothing, as its console is off: WRENN_FIRECRACKER_CONSOLE=boot turns it on';
  const console = BoundedLog.open(inPlace(spec.directory, 'console'), spec.slot);
  await held.add('console', () => console[Symbol.dispose]());
  return async () => lastLines(console.tail());
}

async function endOf(vmm: StartedProcess): Promise<never> {
  await vmm.exited;
  throw new WrennError('agent_error', 'Firecracker ended before the machine ran');
}
