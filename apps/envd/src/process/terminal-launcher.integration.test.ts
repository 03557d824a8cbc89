import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReadStream } from 'node:tty';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unplaced } from '../workload/workload.ts';
import { spawnProcess } from './spawn-process.ts';
import { findTerminalLauncher } from './terminal-launcher.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'envd-launcher-'));
  mkdirSync(join(folder, 'bin'));
  symlinkSync('/usr/bin/busybox', join(folder, 'bin/busybox'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const root = { name: 'root', uid: 0, gid: 0, groups: [0], home: '/' };

async function shownBy(launcher: readonly string[], cmd: string, ...args: string[]) {
  const spec = { cmd, args, env: { PATH: '/usr/bin:/bin' }, cwd: '/', account: root } as const;
  const spawned = await spawnProcess(
    { ...spec, stdio: { kind: 'terminal', size: { cols: 80, rows: 24 } } },
    { terminalLauncher: launcher, workload: unplaced },
  );
  if (spawned.kind !== 'running' || spawned.ends.kind !== 'terminal') throw new Error('no terminal');
  const screen = new ReadStream(spawned.ends.master);
  let shown = '';
  screen.on('data', (bytes: Buffer) => {
    shown += bytes.toString();
  });
  // EIO: the last program has closed it.
  screen.on('error', () => undefined);
  const closed = new Promise((resolve) => screen.once('close', resolve));
  const [[code]] = await Promise.all([once(spawned.child, 'exit'), closed]);
  return { pid: spawned.pid, shown, code };
}

test.each(['busybox by the daemon', 'util-linux of this machine'])(
  '%s starts programs in a terminal',
  async (which) => {
    const daemon = which.startsWith('busybox') ? join(folder, 'envd.cjs') : '/nowhere/envd.cjs';
    const launcher = findTerminalLauncher(daemon);
    expect(launcher[0]).toContain(which.startsWith('busybox') ? 'busybox' : 'setsid');
    const { pid, shown, code } = await shownBy(
      launcher,
      'sh',
      '-c',
      'echo $$; cut -d " " -f 6,8 /proc/$$/stat; exit 3',
    );
    expect(shown.trim().split(/\s+/)).toStrictEqual([pid, pid, pid].map(String));
    expect(code).toBe(3);
    expect(await shownBy(launcher, '/etc/passwd')).toMatchObject({ code: 126 });
  },
);

test('a machine without a launcher has no terminals, and says so', async () => {
  await expect(shownBy(['/nowhere/setsid', '-c', '--'], 'true')).rejects.toThrow(
    expect.objectContaining({ code: 'missing_prerequisite' }),
  );
});
