import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processesNaming } from '@wrenn/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRunning } from '../../process/process-identity.ts';
import { run } from '../../process/run.ts';
import { capture, type Frozen, frozenTemplate, textAt } from '../testing/fake-captures.ts';
import { FakeFirecrackerHost, pageServerOf } from '../testing/fake-firecracker-host.ts';

const never = new AbortController().signal;
const page = 4096;
const old = '1.16.2';

let host: FakeFirecrackerHost;
let template: Frozen;
beforeAll(async () => {
  host = await FakeFirecrackerHost.open([old, '1.17.0']);
  template = await frozenTemplate(host);
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

/** One that was started from a snapshot with changes, so that it has a page server. */
async function resumed() {
  const first = await host.restore(template.snapshot, template.disk);
  for (let index = 0; index < 64; index++)
    await first.guest.write(index * 16 * page, Buffer.from(`page ${index}`));
  const captured = await capture(host, first, template);
  await first.end();
  return { captured, machine: await host.restore(captured.snapshot, captured.disk) };
}

/** Processes of machines of this test. */
const ours = () => processesNaming(host.directory);

describe('a page server that fails', () => {
  it('is the end of its machine, which says so, and leaves the snapshot as it was', async () => {
    const { captured, machine } = await resumed();
    process.kill(pageServerOf(machine.machine).pid, 'SIGKILL');
    await machine.machine.exited;
    expect(await isRunning(machine.machine.record)).toBe(false);
    await machine.end();
    const again = await host.restore(captured.snapshot, captured.disk);
    expect(await textAt(again, 16 * page, 6)).toBe('page 1');
    await again.end();
    expect(await ours()).toEqual([]);
  });

  it('for a layer that was cut short ends its machine, and names the layer', async () => {
    const { captured, machine } = await resumed();
    const range = captured.snapshot.memory.changes.at(-1);
    const layer = range?.content === 'zero' ? '' : (range?.content.path ?? '');
    await truncate(layer, 0);
    const reading = machine.guest.read(range?.offset ?? 0, page).catch(() => 'ended');
    await machine.machine.exited;
    expect(await reading).toBe('ended');
    expect(await machine.machine.lastWords()).toContain(layer);
    await machine.end();
    expect(await ours()).toEqual([]);
  });

  it('takes no other machine with it', async () => {
    const [one, other] = [await resumed(), await resumed()];
    process.kill(pageServerOf(one.machine.machine).pid, 'SIGKILL');
    await one.machine.machine.exited;
    expect(await textAt(other.machine, 16 * page, 6)).toBe('page 1');
    await one.machine.end();
    await other.machine.end();
  });

  it('while no agent ran is noticed by the next one, which ends the machine', async () => {
    const { machine } = await resumed();
    const { record } = machine.machine;
    const engine = await host.anotherEngine();
    const gone = { ...record, pageServer: { ...pageServerOf(machine.machine), startTicks: 1 } };
    expect(await engine.adopt(gone, never)).toBeUndefined();
    expect(await isRunning(record)).toBe(false);
    await machine.end();
  });
});

describe('a Firecracker that ends or refuses', () => {
  it('while it loads a damaged snapshot is an error with its own words, and leaves nothing', async () => {
    const damaged = join(host.directory, 'damaged');
    await writeFile(damaged, 'no state');
    const snapshot = { ...template.snapshot, deviceState: damaged };
    await expect(host.restore(snapshot, template.disk)).rejects.toMatchObject({
      code: 'agent_error',
      message: expect.stringMatching(/snapshot\/load|Firecracker ended/),
    });
    await rm(damaged);
    expect(await ours()).toEqual([]);
  });

  it('between two calls is noticed, and what was stored stays', async () => {
    const machine = await host.restore(template.snapshot, template.disk);
    await machine.guest.crash('abort');
    await machine.machine.exited;
    await expect(machine.machine.stop(never)).rejects.toMatchObject({ code: 'agent_error' });
    await machine.end();
    const again = await host.restore(template.snapshot, template.disk);
    expect(await textAt(again, 8 * page, 4)).toBe('also');
    await again.end();
    expect(await ours()).toEqual([]);
  });

  it('is ended with what it had when its start is called off', async () => {
    const { captured, machine } = await resumed();
    await machine.end();
    // A pipe, for which the start waits until the test says what is in it.
    const deviceState = join(host.directory, 'device-state-to-come');
    await run(['mkfifo', deviceState], { signal: never, timeoutMs: 20_000 });
    const stop = new AbortController();
    const starting = host.restore({ ...captured.snapshot, deviceState }, captured.disk, stop.signal);
    const failed = expect(starting).rejects.toThrow();
    await expect.poll(ours).not.toEqual([]);
    stop.abort(new Error('called off'));
    await writeFile(deviceState, await readFile(captured.snapshot.deviceState));
    await failed;
    expect(await ours()).toEqual([]);
    await rm(deviceState);
  });

  it('has its own words bounded, however much a guest makes it log', async () => {
    const machine = await host.restore(template.snapshot, template.disk);
    await machine.guest.log('x'.repeat(1000), 100_000);
    expect((await machine.machine.lastWords()).length).toBeLessThan(20_000);
    for (const name of await readdir(machine.directory))
      expect((await stat(join(machine.directory, name))).size, name).toBeLessThan(90 << 20);
    await machine.end();
  });
});

describe('several builds', () => {
  it('boot with the newest, and restore a snapshot with the one that made it', async () => {
    expect(host.engine.traits.build).toMatch(/^1\.17\.0 /);
    expect(template.snapshot.build).toBe(host.engine.traits.build);
    const booted = await host.boot();
    expect(booted.machine.build).toBe(host.engine.traits.build);
    await booted.end();
  });

  it('refuse a snapshot whose build is not there any more, and name it', async () => {
    const snapshot = { ...template.snapshot, build: '1.15.0 sha256:0123' };
    await expect(host.restore(snapshot, template.disk)).rejects.toMatchObject({
      code: 'snapshot_refused',
      message: expect.stringContaining('1.15.0 sha256:0123'),
    });
  });
});

it('a jailed machine that outlived its agent is ended with its jail', async () => {
  const machine = await host.restore(template.snapshot, template.disk);
  const jail = join(host.directory, 'jails/firecracker/slot-99');
  await mkdir(join(jail, 'root'), { recursive: true });
  const { record } = machine.machine;
  if (record.engine !== 'firecracker') throw new Error('not of this engine');
  const adopted = await (await host.anotherEngine()).adopt({ ...record, jail: 'slot-99' }, never);
  await adopted?.kill();
  expect(await isRunning(machine.machine.record)).toBe(false);
  await expect(stat(jail)).rejects.toMatchObject({ code: 'ENOENT' });
  await machine.end();
});

it('jails of machines that are gone are removed, and those in use stay', async () => {
  const jails = join(host.directory, 'jails/firecracker');
  for (const name of ['slot-7', 'slot-8']) await mkdir(join(jails, name, 'root'), { recursive: true });
  expect(await host.engine.sweep(new Set([8]), never)).toEqual([join(jails, 'slot-7')]);
  expect(await readdir(jails)).toEqual(['slot-8']);
  await host.engine.sweep(new Set(), never);
  expect(await readdir(jails)).toEqual([]);
});

it('a machine that ended leaves no mount, socket or process', async () => {
  const { machine } = await resumed();
  await machine.end();
  expect(await ours()).toEqual([]);
  expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain(host.directory);
  await delay(0);
  await expect(stat(machine.directory)).rejects.toMatchObject({ code: 'ENOENT' });
});
