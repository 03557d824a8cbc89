import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode, WrennError } from '@wrenn/core';
import { WrennClient } from '@wrenn/sdk';
import { z } from 'zod';
import { type Slot, slotAt } from '../apps/host-agent/src/network/slot.ts';

const record = z.object({
  slot: z.number(),
  accessToken: z.string(),
  machine: z.object({ pid: z.number() }),
});

/** What a benchmark may know of a capsule beyond the API: it runs as root on the machine that hosts it. */
export interface CapsuleInside {
  readonly slot: Slot;
  readonly accessToken: string;
  /** Of the VMM. */
  readonly pid: number;
}

/** The Wrenn that runs on this machine. */
export interface Installation {
  readonly client: WrennClient;
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly directory: string;
  readonly cacheDirectory: string;
  inside(capsuleId: string): Promise<CapsuleInside>;
  /** Directory of the snapshot that capsules of this template and shape start from. */
  templateDirectory(template: string, vcpus: number, memoryMiB: number): Promise<string>;
}

/** Finds it where `npm start` left its address and key. */
export async function openInstallation(environment: NodeJS.ProcessEnv): Promise<Installation> {
  const directory = environment['WRENN_DIR'] || '/var/lib/wrenn';
  const baseUrl = environment['WRENN_BASE_URL'] || (await read(directory, 'address'));
  const apiKey = environment['WRENN_API_KEY'] || (await read(directory, 'api-key'));
  return {
    client: new WrennClient({ baseUrl, apiKey }),
    baseUrl,
    apiKey,
    directory,
    cacheDirectory: environment['WRENN_CACHE_DIR'] || '/var/cache/wrenn',
    async inside(capsuleId) {
      const text = await readFile(join(directory, 'capsules', capsuleId, 'record.json'), 'utf8');
      const { slot, accessToken, machine } = record.parse(JSON.parse(text));
      return { slot: slotAt(slot), accessToken, pid: machine.pid };
    },
    async templateDirectory(template, vcpus, memoryMiB) {
      const prefix = `${template}-${vcpus}x${memoryMiB}-`;
      const name = (await readdir(join(directory, 'templates'))).find((each) => each.startsWith(prefix));
      if (name === undefined) throw new WrennError('not_found', `there is no template snapshot ${prefix}…`);
      return join(directory, 'templates', name);
    },
  };
}

async function read(directory: string, name: string): Promise<string> {
  try {
    return (await readFile(join(directory, name), 'utf8')).trim();
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw cause;
    throw new WrennError('missing_prerequisite', `no Wrenn runs from ${directory}`, {
      cause,
      remedy: 'start it with `npm start` in another terminal, or set WRENN_DIR',
    });
  }
}
