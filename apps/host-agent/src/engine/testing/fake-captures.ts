import { randomUUID } from 'node:crypto';
import { chmod, copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineSnapshot, MemoryRange } from '../engine.ts';
import type { FakeFirecrackerHost, FakeMachine } from './fake-firecracker-host.ts';

const never = new AbortController().signal;
const page = 4096;

export interface Frozen {
  readonly snapshot: MachineSnapshot;
  readonly disk: string;
}

/** Boots a machine and freezes it, as a template is. */
export async function frozenTemplate(host: FakeFirecrackerHost): Promise<Frozen> {
  const booted = await host.boot();
  await booted.guest.write(70 << 20, Buffer.from('of the template'));
  await booted.guest.write(8 * page, Buffer.from('also'));
  await booted.machine.stop(never);
  const state = join(booted.directory, 'device-state');
  await booted.machine.saveState(state, never);
  const place = join(host.directory, `template-${randomUUID()}`);
  await copyFile(state, `${place}.state`);
  await copyFile(booted.memory, `${place}.memory`);
  await copyFile(booted.disk, `${place}.disk`);
  for (const kind of ['state', 'memory', 'disk']) await chmod(`${place}.${kind}`, 0o644);
  const { build } = booted.machine;
  await booted.end();
  return {
    snapshot: {
      build,
      memory: { base: `${place}.memory`, changes: [] },
      deviceState: `${place}.state`,
      workingSet: undefined,
    },
    disk: `${place}.disk`,
  };
}

/** Stops a machine and keeps its state beside it; `over` is what it was started from. */
export async function capture(
  host: FakeFirecrackerHost,
  { machine, directory, disk }: Pick<FakeMachine, 'machine' | 'directory' | 'disk'>,
  over: Frozen,
): Promise<Frozen> {
  await machine.stop(never);
  const state = join(directory, 'saved-state');
  await rm(state, { force: true });
  await machine.saveState(state, never);
  const place = join(host.directory, `captured-${randomUUID()}`);
  await copyFile(state, `${place}.state`);
  await copyFile(disk, `${place}.disk`);
  const written: MemoryRange[] = [];
  const layer: Buffer[] = [];
  let at = 0;
  for await (const { offset, bytes } of machine.writtenPages(never)) {
    layer.push(Buffer.from(bytes));
    written.push({ offset, length: bytes.length, content: { path: `${place}.layer`, offset: at } });
    at += bytes.length;
  }
  await writeFile(`${place}.layer`, Buffer.concat(layer));
  for (const kind of ['state', 'disk']) await chmod(`${place}.${kind}`, 0o644);
  const { base, changes } = over.snapshot.memory;
  const older = changes.filter(({ offset }) => written.every((each) => each.offset !== offset));
  return {
    snapshot: {
      build: machine.build,
      memory: { base, changes: [...older, ...written].toSorted((one, other) => one.offset - other.offset) },
      deviceState: `${place}.state`,
      workingSet: machine.workingSet,
    },
    disk: `${place}.disk`,
  };
}

export async function textAt({ guest }: FakeMachine, offset: number, length: number): Promise<string> {
  return (await guest.read(offset, length)).toString();
}
