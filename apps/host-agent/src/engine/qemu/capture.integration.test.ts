import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Captured, capture, MachineFixture, sh, type TestMachine } from '../testing/machine-fixture.ts';
import { Qmp } from './qmp.ts';

const signal = new AbortController().signal;
const fillMemory = 'head -c 20000000 /dev/urandom >/dev/shm/file; sha256sum </dev/shm/file';
const hashMemory = 'sha256sum </dev/shm/file';

/** Holds random bytes in its own memory, and says what they add up to at its start and whenever it is told to. */
const holder = `
  $SIG{USR1} = sub { report() };
  open(R, "<", "/dev/urandom"); read(R, $x, 5000000);
  sub report { open(F, ">", "/dev/shm/sum.new"); print F unpack("%64Q*", $x); close F; rename "/dev/shm/sum.new", "/dev/shm/sum" }
  report(); sleep 1 while 1;`;
const startHolder = `setsid perl -e '${holder}' >/dev/null 2>&1 </dev/null & echo $! >/dev/shm/pid
  until [ -e /dev/shm/sum ]; do sleep 0.1; done; cat /dev/shm/sum`;
const askHolder = `rm /dev/shm/sum; kill -USR1 $(cat /dev/shm/pid)
  until [ -e /dev/shm/sum ]; do sleep 0.1; done; cat /dev/shm/sum`;

let fixture: MachineFixture;
beforeAll(async () => {
  fixture = await MachineFixture.open(256);
}, 240_000);
afterAll(() => fixture[Symbol.asyncDispose]());

async function stopped(of: TestMachine): Promise<Captured> {
  await of.machine.stop(signal);
  const captured = await capture(of);
  await of.end();
  return captured;
}

function bytesOf({ written }: Captured): number {
  return written.reduce((sum, { length }) => sum + length, 0);
}

async function checksum(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

describe('a machine that was captured, ended and restored', () => {
  it('has the files in memory and the memory of processes as they were', async () => {
    const first = await fixture.start(fixture.fresh);
    const file = await sh(first, fillMemory);
    const sum = await sh(first, startHolder);
    const second = await fixture.start(await stopped(first));
    expect(await sh(second, hashMemory)).toBe(file);
    expect(await sh(second, askHolder)).toBe(sum);
    await second.end();
  });

  it('has pages that only the disk device wrote', async () => {
    const first = await fixture.start(fixture.fresh);
    const hash = await sh(first, 'head -c 16000000 /dev/urandom >/root/file; sync; sha256sum </root/file');
    // Nothing but the device puts the file into memory: cat to /dev/null copies nothing of it.
    await sh(first, 'echo 3 >/proc/sys/vm/drop_caches; cat /root/file >/dev/null');
    const captured = await stopped(first);
    expect(bytesOf(captured)).toBeGreaterThan(16_000_000);
    const second = await fixture.start(captured);
    // From the page cache, which a wrong page would show in.
    expect(await sh(second, 'sha256sum </root/file')).toBe(hash);
    await second.end();
  });

  it('keeps what each generation wrote, and no less in the next capture', async () => {
    const first = await fixture.start(fixture.fresh);
    const file = await sh(first, fillMemory);
    const one = await stopped(first);
    const second = await fixture.start(one);
    const own = await sh(second, 'head -c 3000000 /dev/urandom >/dev/shm/own; sha256sum </dev/shm/own');
    const two = await stopped(second);
    // What a restore wrote into it counts as written.
    expect(bytesOf(two)).toBeGreaterThanOrEqual(bytesOf(one));
    const third = await fixture.start(two);
    expect(await sh(third, hashMemory)).toBe(file);
    expect(await sh(third, 'sha256sum </dev/shm/own')).toBe(own);
    await third.end();
    const sibling = await fixture.start(one);
    expect(await sh(sibling, 'ls /dev/shm')).toBe('file');
    await sibling.end();
  });

  it('is the same when the agent found it again in between', async () => {
    const connect = vi.spyOn(Qmp, 'connect');
    const first = await fixture.start(fixture.fresh);
    const file = await sh(first, fillMemory);
    const sum = await sh(first, startHolder);
    // As if the agent had ended: a machine serves one connection at a time.
    for (const { value } of connect.mock.settledResults) if (value instanceof Qmp) value[Symbol.dispose]();
    connect.mockRestore();
    const found = await fixture.engine.adopt(first.machine.record, AbortSignal.timeout(10_000));
    if (found === undefined) throw new Error('the machine was not found again');
    expect(await found.isRunning(signal)).toBe(true);
    await found.stop(signal);
    expect(await found.isRunning(signal)).toBe(false);
    const captured = await capture(first, found);
    await found.kill();
    await first.end();
    const second = await fixture.start(captured);
    expect(await sh(second, hashMemory)).toBe(file);
    expect(await sh(second, askHolder)).toBe(sum);
    await second.end();
  });
});

describe('a checkpoint of a machine that goes on', () => {
  it('leaves the disk as it was, and the machine writes to the new one', async () => {
    const first = await fixture.start(fixture.fresh);
    await sh(first, 'echo before >/root/file; sync');
    const sum = await sh(first, startHolder);
    await first.machine.stop(signal);
    const overlay = join(first.directory, 'next.qcow2');
    await fixture.overlay(overlay, first.disk, first.slot);
    const captured = await capture(first);
    await first.machine.switchDisk(overlay, signal);
    const atTheStop = await checksum(first.disk);
    await first.machine.go(signal);
    await sh(first, 'echo after >/root/file; head -c 5000000 /dev/urandom >/root/more; sync');
    expect(await sh(first, askHolder)).toBe(sum);
    const copy = await fixture.start(captured);
    expect(await sh(copy, 'echo 3 >/proc/sys/vm/drop_caches; cat /root/file; ls /root')).toBe('before\nfile');
    expect(await sh(copy, askHolder)).toBe(sum);
    await copy.end();
    expect(await sh(first, 'echo 3 >/proc/sys/vm/drop_caches; cat /root/file')).toBe('after');
    await first.end();
    expect(await checksum(first.disk)).toBe(atTheStop);
  });
});
