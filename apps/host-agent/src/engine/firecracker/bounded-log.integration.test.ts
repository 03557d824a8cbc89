import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { lstat, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemCode, until } from '@wrenn/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BoundedLog } from './bounded-log.ts';

const owner = { uid: 54_321, gid: 54_321 };
let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'log-'));
  path = join(directory, 'log');
});
afterEach(() => rm(directory, { recursive: true }));

const soon = () => AbortSignal.timeout(20_000);
const ends = (log: BoundedLog, text: string) =>
  until(async () => (log.tail().toString().endsWith(text) ? true : undefined), 5, soon());

/** Opens it as Firecracker does: it must not wait for a reader. */
function openAsVmm(): number {
  return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
}

describe('the log of a VMM', () => {
  it('keeps the end of what was written, however much that was, and never holds the writer up', async () => {
    using log = BoundedLog.open(path, owner);
    const fd = openAsVmm();
    const line = Buffer.from(`${'x'.repeat(1023)}\n`);
    let lost = 0;
    for (let written = 0; written < 100 << 20; written += line.length) {
      try {
        writeSync(fd, line);
      } catch (thrown) {
        if (systemCode(thrown) !== 'EAGAIN') throw thrown;
        lost += 1;
      }
    }
    await until(async () => (log.tail().length > 0 ? true : undefined), 5, soon());
    await until(
      async () => {
        try {
          return writeSync(fd, 'the end');
        } catch (thrown) {
          if (systemCode(thrown) === 'EAGAIN') return undefined;
          throw thrown;
        }
      },
      5,
      soon(),
    );
    await ends(log, 'the end');
    closeSync(fd);
    expect(lost).toBeGreaterThan(0);
    expect(log.tail().length).toBeLessThanOrEqual(16 << 10);
  });

  it('has what was written last although the writer was killed', async () => {
    using log = BoundedLog.open(path, owner);
    const writer = spawn('sh', ['-c', `exec >"${path}"; echo last words; kill -9 $$`]);
    await once(writer, 'exit');
    await ends(log, 'last words\n');
  });

  it('is a pipe of the VMM’s user alone, and is found again by the next agent', async () => {
    BoundedLog.open(path, owner)[Symbol.dispose]();
    const { mode, uid } = await lstat(path);
    expect([mode & constants.S_IFMT, mode & 0o777, uid]).toEqual([constants.S_IFIFO, 0o600, owner.uid]);
    using log = BoundedLog.open(path, owner);
    const fd = openAsVmm();
    writeSync(fd, 'again');
    closeSync(fd);
    await ends(log, 'again');
  });

  it.each([
    ['a file', () => writeFile(path, 'of the VMM')],
    ['a link', () => symlink('/etc/passwd', path)],
  ])('is not taken from %s that the VMM’s user put in its place', async (_, plant) => {
    await plant();
    expect(() => BoundedLog.open(path, owner)).toThrow();
  });
});
