import { describe, expect, it } from 'vitest';
import { startTicksOf } from '../process/process-identity.ts';
import { machineRecord, runningRecord } from './machine-record.ts';

describe('the record of a machine', () => {
  it('is read as an older agent wrote it, which knew only QEMU and one build of it', () => {
    const older = { engine: 'qemu', pid: 1, startTicks: 1, controlSocket: '/m/qmp.sock' };
    expect(machineRecord.parse(older)).toEqual(older);
  });

  it('is refused by an agent with another engine while its process runs, and no longer when it has ended', async () => {
    const startTicks = (await startTicksOf(process.pid)) ?? Number.NaN;
    const record = { engine: 'qemu', pid: process.pid, startTicks, controlSocket: '/m/qmp.sock' } as const;
    expect(await runningRecord(record, 'qemu')).toEqual(record);
    await expect(runningRecord(record, 'firecracker')).rejects.toMatchObject({
      code: 'missing_prerequisite',
      field: 'WRENN_ENGINE',
      remedy: expect.stringContaining('set WRENN_ENGINE to qemu'),
    });
    const ended = { ...record, startTicks: record.startTicks + 1 };
    expect(await runningRecord(ended, 'firecracker')).toBeUndefined();
  });
});
