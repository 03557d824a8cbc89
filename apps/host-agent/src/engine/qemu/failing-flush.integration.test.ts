import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemCode, until } from '@wrenn/core';
import { describe, expect, it } from 'vitest';
import { startTicksOf } from '../../process/process-identity.ts';
import { run } from '../../process/run.ts';
import { qemuProgram } from './arguments.ts';
import { QemuMachine } from './qemu-machine.ts';
import { Qmp } from './qmp.ts';

const signal = new AbortController().signal;

/** QEMU without a guest, with a disk whose every write-back fails if `fault` says so. */
async function openMachine(
  directory: string,
  fault: readonly string[],
): Promise<{ machine: QemuMachine; qmp: Qmp }> {
  const disk = join(directory, 'disk.qcow2');
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', disk, '64M'], { signal, timeoutMs: 10_000 });
  const controlSocket = join(directory, 'qmp.sock');
  const drive = [
    ...['id=root', 'if=none', 'driver=qcow2', 'file.driver=blkdebug'],
    ...['file.image.driver=file', `file.image.filename=${disk}`],
    ...fault,
  ].join(',');
  const child = spawn(qemuProgram, [
    ...['-M', 'none', '-nodefaults', '-display', 'none', '-drive', drive],
    ...['-qmp', `unix:${controlSocket},server=on,wait=off`],
  ]);
  const exited = once(child, 'exit').then(() => undefined);
  const pid = child.pid ?? 0;
  const startTicks = (await startTicksOf(pid)) ?? 0;
  const connect = () =>
    Qmp.connect(controlSocket, signal).catch((thrown: unknown) => {
      if (systemCode(thrown) === undefined) throw thrown;
      return undefined;
    });
  const qmp = await until(connect, 20, AbortSignal.timeout(20_000));
  const record = { engine: 'qemu', pid, startTicks, controlSocket, build: 'test' } as const;
  return { machine: new QemuMachine(record, qmp, exited), qmp };
}

/** Leaves QEMU with tables of the disk to write back. */
const write = (qmp: Qmp) =>
  qmp.run('human-monitor-command', { 'command-line': 'qemu-io root "write 0 64k"' }, signal);

describe('stopping a machine', () => {
  it.each([
    [
      'when the disk takes no flush',
      ['file.inject-error.0.event=flush_to_disk', 'file.inject-error.0.iotype=flush'],
    ],
    [
      'when the disk has no room for its tables',
      ['file.inject-error.0.event=l2_update', 'file.inject-error.0.errno=28'],
    ],
  ])('fails %s, and the machine goes on when told to', async (_when, fault) => {
    const directory = await mkdtemp(join(tmpdir(), 'flush-'));
    const { machine, qmp } = await openMachine(directory, fault);
    try {
      await write(qmp);
      await expect(machine.stop(signal)).rejects.toMatchObject({ code: 'no_space' });
      await machine.go(signal);
      expect(await machine.isRunning(signal)).toBe(true);
    } finally {
      await machine.kill();
      await rm(directory, { recursive: true });
    }
  });

  it('succeeds when all was written back', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'flush-'));
    const { machine, qmp } = await openMachine(directory, []);
    try {
      await write(qmp);
      await machine.stop(signal);
      expect(await machine.isRunning(signal)).toBe(false);
    } finally {
      await machine.kill();
      await rm(directory, { recursive: true });
    }
  });
});
