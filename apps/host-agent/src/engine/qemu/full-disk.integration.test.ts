import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@wrenn/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../process/run.ts';
import { capture, MachineFixture, sh, type TestMachine } from '../testing/machine-fixture.ts';

const signal = new AbortController().signal;
const sizeMiB = 32;

let fixture: MachineFixture;
let disks: string;
let machine: TestMachine;

beforeAll(async () => {
  fixture = await MachineFixture.open(256);
  disks = join(fixture.directory, 'disks');
  await mkdir(disks, { mode: 0o711 });
}, 240_000);
afterAll(() => fixture[Symbol.asyncDispose]());

beforeEach(async () => {
  const options = `size=${sizeMiB}m,mode=711`;
  await run(['mount', '-t', 'tmpfs', '-o', options, 'disks', disks], { signal, timeoutMs: 10_000 });
  machine = await fixture.start(fixture.fresh, { diskDirectory: disks });
});
afterEach(async () => {
  await machine.end();
  await run(['umount', disks], { signal, timeoutMs: 10_000 });
});

/** Takes all the room that there is on the disk of disks but for so much. */
async function fill(leaveBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(disks);
  await writeFile(join(disks, 'filler'), Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes)));
}

const makeRoom = () => rm(join(disks, 'filler'));
const isStopped = async () => ((await machine.machine.isRunning(signal)) ? undefined : true);

describe('on a host whose disk is full', () => {
  it('a guest waits with its writes, and goes on with all of them once there is room', async () => {
    await fill(2 << 20);
    const writing = sh(
      machine,
      'head -c 12000000 /dev/urandom >/dev/shm/data; cp /dev/shm/data /root/data; sync; echo 3 >/proc/sys/vm/drop_caches; cmp /dev/shm/data /root/data && echo same',
      50_000,
    );
    await until(isStopped, 50, AbortSignal.timeout(20_000));
    await makeRoom();
    expect(await writing).toBe('same');
  });

  it('a guest that was captured while it waits has written all of it once it was restored', async () => {
    await fill(2 << 20);
    const write =
      'cp /dev/shm/data /root/data; sync; echo 3 >/proc/sys/vm/drop_caches; cmp /dev/shm/data /root/data';
    const script = `head -c 12000000 /dev/urandom >/dev/shm/data; setsid sh -c '${write} && echo same >/dev/shm/result' >/dev/null 2>&1 </dev/null &`;
    await sh(machine, script);
    await until(isStopped, 50, AbortSignal.timeout(20_000));
    await machine.machine.stop(signal);
    await makeRoom();
    // Longer than a guest waits that nobody stopped: that it was told to stop counts.
    await sleep(1_500);
    expect(await machine.machine.isRunning(signal)).toBe(false);
    const captured = await capture(machine);
    await machine.end();
    machine = await fixture.start(captured, { diskDirectory: disks });
    const result = 'until [ -s /dev/shm/result ]; do sleep 0.2; done; cat /dev/shm/result';
    expect(await sh(machine, result)).toBe('same');
  });
});
