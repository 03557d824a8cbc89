import { chmod, copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MachineSnapshot, MemoryRange } from '../engine.ts';
import { FakeFirecrackerHost, type FakeMachine } from '../testing/fake-firecracker-host.ts';

const never = new AbortController().signal;
const page = 4096;

let host: FakeFirecrackerHost;
beforeAll(async () => {
  host = await FakeFirecrackerHost.open();
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

interface Frozen {
  readonly snapshot: MachineSnapshot;
  readonly disk: string;
}

/** Boots a machine and freezes it, as a template is. */
async function template(): Promise<Frozen> {
  const booted = await host.boot();
  await booted.guest.write(70 << 20, Buffer.from('of the template'));
  await booted.guest.write(8 * page, Buffer.from('also'));
  await booted.machine.stop(never);
  const state = join(booted.directory, 'device-state');
  await booted.machine.saveState(state, never);
  const place = join(host.directory, `template-${Date.now()}`);
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
async function capture({ machine, directory, disk }: FakeMachine, over: Frozen): Promise<Frozen> {
  await machine.stop(never);
  const state = join(directory, 'saved-state');
  await rm(state, { force: true });
  await machine.saveState(state, never);
  const place = join(host.directory, `captured-${Date.now()}`);
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

const textAt = async ({ guest }: FakeMachine, offset: number, length: number) =>
  (await guest.read(offset, length)).toString();

describe("Firecracker's engine, on a fake Firecracker", () => {
  it('boots a machine, freezes it, and restores others from it that are independent', async () => {
    const frozen = await template();
    const [one, other] = [
      await host.restore(frozen.snapshot, frozen.disk),
      await host.restore(frozen.snapshot, frozen.disk),
    ];
    expect(await textAt(one, 70 << 20, 15)).toBe('of the template');
    await one.guest.write(70 << 20, Buffer.from('of the one'));
    expect(await textAt(other, 70 << 20, 15)).toBe('of the template');
    await one.end();
    await other.end();
  });

  it('keeps what each generation wrote, through page servers', async () => {
    const frozen = await template();
    const first = await host.restore(frozen.snapshot, frozen.disk);
    await first.guest.write(page, Buffer.from('first'));
    const one = await capture(first, frozen);
    await first.end();
    const second = await host.restore(one.snapshot, one.disk);
    expect(second.machine.record.pageServer).toBeDefined();
    expect(await textAt(second, page, 5)).toBe('first');
    expect(await textAt(second, 70 << 20, 15)).toBe('of the template');
    await second.guest.write(8 * page, Buffer.from('next'));
    const two = await capture(second, one);
    await second.end();
    const third = await host.restore(two.snapshot, two.disk);
    expect(await textAt(third, page, 5)).toBe('first');
    expect(await textAt(third, 8 * page, 4)).toBe('next');
    await third.end();
  });

  it('loses no page when a capture came to nothing and the guest went on', async () => {
    const frozen = await template();
    const machine = await host.restore(frozen.snapshot, frozen.disk);
    await machine.guest.write(page, Buffer.from('before'));
    await capture(machine, frozen);
    await machine.machine.go(never);
    await machine.guest.write(2 * page, Buffer.from('after'));
    const captured = await capture(machine, frozen);
    await machine.end();
    const again = await host.restore(captured.snapshot, captured.disk);
    expect(await textAt(again, page, 6)).toBe('before');
    expect(await textAt(again, 2 * page, 5)).toBe('after');
    await again.end();
  });

  it('asks a snapshot of Firecracker with the fault that it gives', async () => {
    const frozen = await template();
    const machine = await host.restore(frozen.snapshot, frozen.disk);
    await machine.guest.write(page, Buffer.from('kept'));
    await machine.guest.failNextCreate('no space left');
    await machine.machine.stop(never);
    await expect(
      machine.machine.saveState(join(machine.directory, 'saved-state'), never),
    ).rejects.toMatchObject({ code: 'agent_error', message: expect.stringContaining('no space left') });
    const captured = await capture(machine, frozen);
    await machine.end();
    const again = await host.restore(captured.snapshot, captured.disk);
    expect(await textAt(again, page, 4)).toBe('kept');
    await again.end();
  });

  it('finds a machine again that outlived its agent, with what it wrote before', async () => {
    const frozen = await template();
    const first = await host.restore(frozen.snapshot, frozen.disk);
    await first.guest.write(page, Buffer.from('old'));
    const captured = await capture(first, frozen);
    await first.end();
    const machine = await host.restore(captured.snapshot, captured.disk);
    await machine.guest.write(3 * page, Buffer.from('new'));
    const adopted = await (await host.anotherEngine()).adopt(machine.machine.record, never);
    expect(adopted).toBeDefined();
    if (adopted === undefined) return;
    const again = await capture({ ...machine, machine: adopted }, captured);
    await adopted.kill();
    await adopted.exited;
    const last = await host.restore(again.snapshot, again.disk);
    expect(await textAt(last, page, 3)).toBe('old');
    expect(await textAt(last, 3 * page, 3)).toBe('new');
    await last.end();
    await machine.end();
  });

  it('runs the VMM confined: as the slot’s user, in its namespace, with nothing of the host but what it was given', async () => {
    const frozen = await template();
    const { machine, spec, end } = await host.restore(frozen.snapshot, frozen.disk);
    const status = await readFile(`/proc/${machine.record.pid}/status`, 'utf8');
    expect(status).toMatch(new RegExp(`Uid:\\s+${spec.slot.uid}\\s+${spec.slot.uid}\\s+${spec.slot.uid}`));
    expect(status).toMatch(/Groups:\s*\n/);
    expect(status).toMatch(/NoNewPrivs:\s+1/);
    expect(status).toMatch(/CapEff:\s+0+\n/);
    const mounts = await readFile(`/proc/${machine.record.pid}/mounts`, 'utf8');
    expect(mounts).toContain(' /tmp/fc-vm ');
    expect(mounts).toMatch(/ \/tmp\/fc-vm\/runtime \S+ ro,/);
    expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain('/tmp/fc-vm');
    await end();
  });
});
