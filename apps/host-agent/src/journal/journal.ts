import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CapsuleId, parseId, systemCode, WrennError } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import { z } from 'zod';
import { type CapsuleRecord, capsuleRecord } from '../capsules/capsule-record.ts';
import { flush } from '../files/flush.ts';

const recordFile = 'record.json';

/** Of this version or a later one; capsules of the first had nothing that outlived their machine. */
const wholeRecord = z.object({ version: z.number().min(2) });

/**
 * One directory per capsule, with its record in it. A record is replaced by a rename, so a reader sees the old or
 * the new one whole. That of a running capsule is not flushed to the disk: it has to survive the agent, and when the
 * machine itself goes down, so do the virtual machines that it describes.
 */
export class Journal {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async open(directory: string): Promise<Journal> {
    await mkdir(directory, { recursive: true, mode: 0o711 });
    return new Journal(directory);
  }

  directoryOf(capsuleId: CapsuleId): string {
    return join(this.directory, capsuleId);
  }

  /** The part of the directory that belongs to the machine's own user. */
  machineDirectoryOf(capsuleId: CapsuleId): string {
    return join(this.directory, capsuleId, 'vm');
  }

  async write(capsuleId: CapsuleId, record: CapsuleRecord): Promise<void> {
    await this.#replace(capsuleId, record, {});
  }

  /**
   * The same, flushed to the disk: for a capsule that is nowhere but there. Flushed before it takes the place of the
   * one that is there, so that the machine may go down at any time.
   */
  async writeDurably(capsuleId: CapsuleId, record: CapsuleRecord): Promise<void> {
    await this.#replace(capsuleId, record, { flush: true });
    for (const path of [this.directoryOf(capsuleId), this.directory]) await flush(path);
  }

  async remove(capsuleId: CapsuleId): Promise<void> {
    await rm(this.directoryOf(capsuleId), { recursive: true, force: true });
  }

  /**
   * Every record; a directory without a whole one is a creation that never began, and is removed. A whole one that this
   * version cannot read may be of a paused capsule: it throws, so that nothing of that one is swept.
   */
  async readAll(log: Logger): Promise<CapsuleRecord[]> {
    const records: CapsuleRecord[] = [];
    for (const name of await readdir(this.directory)) {
      const record = await this.#read(name);
      if (record === undefined) {
        log.warn({ capsule: name }, 'removing what a broken creation left');
        await rm(join(this.directory, name), { recursive: true, force: true });
      } else {
        records.push(record);
      }
    }
    return records;
  }

  async #replace(
    capsuleId: CapsuleId,
    record: CapsuleRecord,
    options: { readonly flush?: boolean },
  ): Promise<void> {
    const directory = this.directoryOf(capsuleId);
    await mkdir(directory, { recursive: true, mode: 0o711 });
    const next = join(directory, `${recordFile}.next`);
    await writeFile(next, JSON.stringify(record), { mode: 0o600, ...options });
    await rename(next, join(directory, recordFile));
  }

  async #read(name: string): Promise<CapsuleRecord | undefined> {
    const content = await readWhole(join(this.directory, name, recordFile));
    const record = capsuleRecord.safeParse(content);
    if (record.success) return isOf(name, record.data) ? record.data : undefined;
    if (!wholeRecord.safeParse(content).success) return undefined;
    throw new WrennError('agent_error', `the record of capsule ${name} is not of this version`, {
      cause: record.error,
      remedy: `start the version that wrote it, or give the capsule up: remove ${join(this.directory, name)}`,
    });
  }
}

/** Undefined for one that is missing or broken off. */
async function readWhole(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (thrown) {
    const isMissing = systemCode(thrown) === 'ENOENT' || systemCode(thrown) === 'ENOTDIR';
    if (isMissing || thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

function isOf(name: string, { capsuleId }: CapsuleRecord): boolean {
  return name === capsuleId && parseId('capsule', name) === capsuleId;
}
