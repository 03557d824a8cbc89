import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CapsuleId, parseId, systemCode } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import { type CapsuleRecord, capsuleRecord } from '../capsules/capsule-record.ts';

const recordFile = 'record.json';

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
    const directory = this.directoryOf(capsuleId);
    await mkdir(directory, { recursive: true, mode: 0o711 });
    const next = join(directory, `${recordFile}.next`);
    await writeFile(next, JSON.stringify(record), { mode: 0o600 });
    await rename(next, join(directory, recordFile));
  }

  /** The same, flushed to the disk: for a capsule that is nowhere but there. */
  async writeDurably(capsuleId: CapsuleId, record: CapsuleRecord): Promise<void> {
    await this.write(capsuleId, record);
    const directory = this.directoryOf(capsuleId);
    for (const path of [join(directory, recordFile), directory, this.directory]) await flush(path);
  }

  async remove(capsuleId: CapsuleId): Promise<void> {
    await rm(this.directoryOf(capsuleId), { recursive: true, force: true });
  }

  /** Every record; a directory without a readable one is a creation that never began, and is removed. */
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

  async #read(name: string): Promise<CapsuleRecord | undefined> {
    try {
      const record = capsuleRecord.safeParse(
        JSON.parse(await readFile(join(this.directory, name, recordFile), 'utf8')),
      );
      return record.success && parseId('capsule', name) === record.data.capsuleId ? record.data : undefined;
    } catch (thrown) {
      if (
        systemCode(thrown) === 'ENOENT' ||
        systemCode(thrown) === 'ENOTDIR' ||
        thrown instanceof SyntaxError
      ) {
        return undefined;
      }
      throw thrown;
    }
  }
}

async function flush(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.sync();
}
