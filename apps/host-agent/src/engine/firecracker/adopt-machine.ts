import { dirname } from 'node:path';
import { Cleanup, deadline } from '@wrenn/core';
import { isRunning, killProcess } from '../../process/process-identity.ts';
import { type FirecrackerRecord, type MachineRecord, runningRecord } from '../machine-record.ts';
import { FirecrackerApi } from './api/client.ts';
import { type Lifeline, lifeline } from './api/lifeline.ts';
import { FirecrackerMachine } from './firecracker-machine.ts';
import { lastWords } from './last-words.ts';
import type { FirecrackerOptions } from './options.ts';
import { adoptPageServer } from './page-server/start-page-server.ts';
import { inPlace } from './place.ts';
import { removeJail } from './start-vmm.ts';
import { watchPageServer } from './watch-page-server.ts';
import { WrittenMemory } from './written-memory.ts';

const controlDeadlineMs = 20_000;

/**
 * A machine that outlived the agent; undefined for one that is gone. One whose page server is gone would wait for its
 * memory for ever: it is ended, and counts as gone.
 */
export async function adoptMachine(
  found: MachineRecord,
  { disks, jails, log }: FirecrackerOptions,
  signal: AbortSignal,
): Promise<FirecrackerMachine | undefined> {
  const record = await runningRecord(found, 'firecracker');
  if (record === undefined) return undefined;
  using limit = deadline(controlDeadlineMs, 'finding the virtual machine again', signal);
  const line = await holdOn(record, limit);
  if (line === undefined) return undefined;
  const directory = dirname(record.controlSocket);
  const held = new Cleanup();
  await held.add('attached disk', () => disks.detach(record.attachedDisk));
  const name = record.jail;
  if (name !== undefined) await held.add('jail', () => removeJail(jails, name));
  if (record.pageServer !== undefined) {
    const pages = await adoptPageServer(record.pageServer, directory, signal);
    if (pages === undefined) {
      log.error({ pid: record.pid }, 'a virtual machine is ended, as its page server has ended');
      await killProcess(record);
      await held.release();
      return undefined;
    }
    await held.add('page server', () => pages.stop());
    watchPageServer(pages, record, log);
  }
  await held.add('lifeline', () => line[Symbol.dispose]());
  return new FirecrackerMachine({
    record,
    api: new FirecrackerApi(record.controlSocket),
    exited: line.closed,
    written: new WrittenMemory(directory, record.memoryBytes),
    // A template's build does not outlive the agent.
    bootMemory: undefined,
    workingSet: record.pageServer && inPlace(directory, 'workingSet'),
    flushDisk: (limited) => disks.flush(record.attachedDisk, limited),
    lastWords: () => lastWords(directory, undefined),
    consoleTail: async () => 'nothing that this agent has seen',
    release: () => held.release(),
  });
}

/** Undefined when it ended between the look and the connection. */
async function holdOn(record: FirecrackerRecord, signal: AbortSignal): Promise<Lifeline | undefined> {
  try {
    return await lifeline(record.controlSocket, signal);
  } catch (thrown) {
    if (await isRunning(record)) throw thrown;
    return undefined;
  }
}
