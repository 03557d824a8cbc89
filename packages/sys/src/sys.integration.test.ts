import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { stepWallClock, wallClockNs } from './clock.ts';
import { withFilePermissionsOf, withGroupsForChild } from './credentials.ts';
import { reseedRandomPool } from './entropy.ts';
import { openPipe } from './pipe.ts';

const user = { uid: 12345, gid: 23456, groups: [23456, 34567] };
const ownStatus = () =>
  readFileSync('/proc/thread-self/status', 'utf8')
    .split('\n')
    .filter((line) => /^(Uid|Gid|Groups|Cap)/.test(line));

describe('the wall clock', () => {
  test('is that of Node, in nanoseconds', () => {
    const before = BigInt(Date.now()) * 1_000_000n;
    const now = wallClockNs();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(BigInt(Date.now() + 1) * 1_000_000n);
  });

  test('is stepped, and the step is told', () => {
    let forward: bigint;
    do {
      const there = wallClockNs() + 50_000_000n;
      forward = stepWallClock(there);
      expect(wallClockNs()).toBeGreaterThanOrEqual(there);
      expect(forward).toBeLessThanOrEqual(50_000_000n);
      const back = stepWallClock(wallClockNs() - forward);
      if (forward > 0n) expect(back).toBeLessThan(0n);
      // Again where the clock was past it by itself before it was stepped.
    } while (forward <= 0n);
  });
});

describe('the random pool', () => {
  test('takes entropy', () => {
    reseedRandomPool(crypto.getRandomValues(new Uint8Array(64)));
  });

  test('refuses none, and too much', () => {
    expect(() => reseedRandomPool(new Uint8Array(0))).toThrow(RangeError);
    expect(() => reseedRandomPool(new Uint8Array(513))).toThrow(RangeError);
  });
});

test('a process goes on without the code that only its start needed, and is smaller', () => {
  const module = fileURLToPath(new URL('memory.ts', import.meta.url));
  const script = `
    import { readFileSync } from 'node:fs';
    import { forgetCodePages } from ${JSON.stringify(module)};
    const fileKiB = () => Number(/RssFile:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
    const before = fileKiB();
    forgetCodePages();
    console.log(JSON.stringify({ before, after: fileKiB() }));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module-typescript', '--eval', script], {
    encoding: 'utf8',
  });
  const { before, after }: { before: number; after: number } = JSON.parse(stdout);
  expect(after).toBeLessThan(before / 2);
});

test('a pipe carries bytes, and is closed in programs', () => {
  const { read, write } = openPipe();
  writeSync(write, 'hello');
  const bytes = Buffer.alloc(16);
  expect(bytes.subarray(0, readSync(read, bytes)).toString()).toBe('hello');
  expect(statSync(`/proc/self/fd/${read}`).isFIFO()).toBe(true);
  const listed = execFileSync('ls', ['/proc/self/fd'], { encoding: 'utf8' }).split('\n');
  expect(listed).not.toContain(String(read));
  closeSync(read);
  closeSync(write);
});

test('the host name is set in its own namespace', () => {
  const module = fileURLToPath(new URL('hostname.ts', import.meta.url));
  const script = `import { setHostname } from ${JSON.stringify(module)}; setHostname('cl-test');`;
  const shell = '"$0" --input-type=module-typescript --eval "$1" && uname -n';
  const inNamespace = spawnSync('unshare', ['--uts', 'sh', '-c', shell, process.execPath, script], {
    encoding: 'utf8',
  });
  expect(inNamespace.stdout).toBe('cl-test\n');
});

describe('credentials', () => {
  test('a child gets its user, its group and its supplementary groups, and no power', () => {
    const { stdout } = withGroupsForChild(user, () =>
      spawnSync('grep', ['-E', '^(Uid|Gid|Groups|CapEff|CapPrm)', '/proc/self/status'], {
        uid: user.uid,
        gid: user.gid,
        encoding: 'utf8',
      }),
    );
    expect(
      stdout
        .replaceAll(/[\t ]+/g, ' ')
        .replaceAll(/ +$/gm, '')
        .trim()
        .split('\n'),
    ).toStrictEqual([
      'Uid: 12345 12345 12345 12345',
      'Gid: 23456 23456 23456 23456',
      'Groups: 23456 34567',
      'CapPrm: 0000000000000000',
      'CapEff: 0000000000000000',
    ]);
  });

  test('while a child is started, this thread stays root, so that the user cannot signal it', () => {
    const uids = withGroupsForChild(user, () => ownStatus().find((line) => line.startsWith('Uid')));
    expect(uids).toBe('Uid:\t0\t0\t0\t0');
  });

  test('paths look as they do to the user', () => {
    expect(() => withFilePermissionsOf(user, () => statSync('/root/.'))).toThrow(
      expect.objectContaining({ code: 'EACCES' }),
    );
    expect(withFilePermissionsOf(user, () => statSync('/tmp/.').isDirectory())).toBe(true);
  });

  test('only the calling thread is another while it lasts', () => {
    const leader = () => readFileSync(`/proc/self/task/${process.pid}/status`, 'utf8');
    withFilePermissionsOf(user, () => {
      const others = statusOfEachThread().filter((status) => /^Uid:\t0\t0\t/m.test(status));
      expect(others.length).toBeGreaterThan(0);
    });
    expect(leader()).toMatch(/^Uid:\t0\t0\t0\t0/m);
  });

  test('the thread is as it was afterwards, also after a fault', () => {
    const before = ownStatus();
    const fail = () => {
      throw new Error('a fault');
    };
    expect(() => withGroupsForChild(user, fail)).toThrow('a fault');
    expect(() => withFilePermissionsOf(user, fail)).toThrow('a fault');
    expect(ownStatus()).toStrictEqual(before);
  });
});

function statusOfEachThread(): string[] {
  return execFileSync('sh', ['-c', 'cat /proc/"$0"/task/*/status', String(process.pid)], {
    encoding: 'utf8',
  }).split(/(?=^Name:)/m);
}
