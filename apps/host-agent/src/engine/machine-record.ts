import { WrennError } from '@wrenn/core';
import { z } from 'zod';
import { isRunning } from '../process/process-identity.ts';

const process = {
  pid: z.number().int(),
  /** From /proc/PID/stat, in clock ticks since boot: a PID alone may have been given to another process. */
  startTicks: z.number(),
};

/** What finds a machine again after the agent was restarted; kept in the capsule's record. */
export const machineRecord = z.discriminatedUnion('engine', [
  z.object({
    engine: z.literal('qemu'),
    ...process,
    controlSocket: z.string(),
    /** The engine's build that it runs with; absent in records from before there was a choice. */
    build: z.string().optional(),
  }),
  z.object({
    engine: z.literal('firecracker'),
    ...process,
    controlSocket: z.string(),
    build: z.string(),
    /** The process that fetches its memory, where it has one. */
    pageServer: z.object(process).optional(),
    /** What its disk was attached to the host as, where that had to be. */
    attachedDisk: z.string().optional(),
    /** What its jail is called, where it has one. */
    jail: z.string().optional(),
    /** Of the guest: what was written to it is asked for by its size. */
    memoryBytes: z.number().int(),
  }),
]);

export type MachineRecord = Readonly<z.infer<typeof machineRecord>>;
export type QemuRecord = Extract<MachineRecord, { readonly engine: 'qemu' }>;
export type FirecrackerRecord = Extract<MachineRecord, { readonly engine: 'firecracker' }>;

/**
 * The record as that of `engine`, undefined when its process is gone. Throws missing_prerequisite for a machine that
 * runs with another engine: this agent was started with the wrong one, and must not take the machine for lost.
 */
export async function runningRecord<Name extends MachineRecord['engine']>(
  record: MachineRecord,
  engine: Name,
): Promise<Extract<MachineRecord, { readonly engine: Name }> | undefined> {
  if (!(await isRunning(record))) return undefined;
  if (isOf(record, engine)) return record;
  throw new WrennError(
    'missing_prerequisite',
    `a capsule still runs with ${record.engine}, and this agent was started with ${engine}`,
    {
      field: 'WRENN_ENGINE',
      remedy: `set WRENN_ENGINE to ${record.engine}, and pause its capsules before you change it`,
    },
  );
}

function isOf<Name extends MachineRecord['engine']>(
  record: MachineRecord,
  engine: Name,
): record is Extract<MachineRecord, { readonly engine: Name }> {
  return record.engine === engine;
}
