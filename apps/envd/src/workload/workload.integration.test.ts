import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deadline, systemCode, until } from '@wrenn/core';
import { Signal } from '@wrenn/protocol/process';
import { describeUnless } from '@wrenn/testkit/describe-unless';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';
import { runCommand } from '../testing/run-command.ts';
import { StartedProcess } from '../testing/started-process.ts';

/**
 * The daemon as in a capsule, in control groups of this machine's own kernel. Where that has no controllers for them
 * there are no limits, but places: what the limits do is proved in real capsules.
 */
const hierarchy = readFileSync('/proc/mounts', 'utf8')
  .split('\n')
  .map((line) => line.split(' '))
  .find(([, , type]) => type === 'cgroup2')?.[1];
const missing = hierarchy === undefined ? 'this machine has no control groups of version 2' : undefined;

const hostSecret = 'the secret of the host';
const accessToken = 'the token of the capsule';

/** With a /run of its own, where the daemon says who the capsule is. */
async function start(flags: readonly string[], script: string): Promise<EnvdUnderTest> {
  const own = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c'];
  const envd = await startEnvd({
    flags: ['--metadata-url', 'off', ...flags],
    before: [...own, `mount -t tmpfs tmpfs /run && ${script} exec "$@"`, 'sh'],
  });
  await post(envd, '/init');
  return envd;
}

async function post(envd: EnvdUnderTest, path: string): Promise<void> {
  const { ok, status } = await fetch(`${envd.url}${path}`, {
    method: 'POST',
    body: JSON.stringify({ hostSecret, accessToken }),
    headers: { 'x-wrenn-host-secret': hostSecret, connection: 'close' },
  });
  if (!ok) throw new Error(`${path} answered ${status}`);
}

const sh = (envd: EnvdUnderTest, script: string) =>
  runCommand(envd.client({ headers: { 'x-access-token': accessToken } }), 'sh', ['-c', script]);

/** A command begins to run a moment before it is in its place. */
const placed = 'until grep -q users/ /proc/$$/cgroup; do :; done';
const ownGroup = `${placed}; sed -n 's/^0:://p' /proc/$$/cgroup`;

describeUnless(missing, 'in control groups', () => {
  let root: string;
  let envd: EnvdUnderTest;
  beforeEach(async () => {
    root = mkdtempSync(join(hierarchy ?? '', 'envd-workload-'));
    mkdirSync(join(root, 'daemon'));
    envd = await start(['--cgroup-root', root], `echo $$ >${root}/daemon/cgroup.procs &&`);
  });
  afterEach(async () => {
    await envd[Symbol.asyncDispose]();
    writeFileSync(join(root, 'cgroup.kill'), '1');
    using limit = deadline(10_000, 'removing control groups');
    await until(() => (read('cgroup.events').includes('populated 0') ? true : undefined), 5, limit);
    removeGroup(root);
  });

  const read = (file: string) => readFileSync(join(root, file), 'utf8');
  const leaves = () => groupsIn(join(root, 'users/commands'));
  /** A place without processes goes by itself at some moment. */
  const members = (group: string) => {
    try {
      return read(`users/commands/${group}/cgroup.procs`).split('\n').filter(Boolean);
    } catch (thrown) {
      if (systemCode(thrown) === 'ENOENT' || systemCode(thrown) === 'ENODEV') return [];
      throw thrown;
    }
  };
  const eventually = async (what: string, condition: () => boolean) => {
    using limit = deadline(30_000, what);
    await until(() => condition() || undefined, 5, limit);
  };

  test('a command runs in a group of its own with all that it forks, from the first child on', async () => {
    const { stdout } = await sh(
      envd,
      `for i in $(seq 30); do sleep 600 & done; ${ownGroup}; setsid sleep 600 >/dev/null 2>&1 & echo`,
    );
    expect(stdout.toString().trim()).toMatch(/\/users\/commands\/1$/);
    expect(read('daemon/cgroup.procs')).toBe(`${envd.pid}\n`);
    expect(members('1')).toHaveLength(31);
  });

  test('a terminal has another place', async () => {
    const { start } = envd.client({ headers: { 'x-access-token': accessToken } });
    let screen = '';
    const process = { cmd: 'sh', args: ['-c', ownGroup] };
    for await (const { event } of start({ process, pty: { size: { cols: 200, rows: 24 } } })) {
      const output = event?.event.case === 'data' ? event.event.value.output : undefined;
      if (output?.case === 'pty') screen += Buffer.from(output.value).toString();
    }
    expect(screen.trim()).toMatch(/\/users\/terminals\/1$/);
  });

  test('what the daemon starts goes before others when memory runs out, and the daemon itself does not', async () => {
    const ofDaemon = () => readFileSync(`/proc/${envd.pid}/oom_score_adj`, 'utf8');
    const before = ofDaemon();
    const { stdout } = await sh(envd, 'cat /proc/$$/oom_score_adj; nice');
    expect(stdout.toString()).toBe('100\n0\n');
    expect(ofDaemon()).toBe(before);
  });

  test('the place of a command that has ended is the next one’s', async () => {
    for (let turn = 0; turn < 20; turn++) await sh(envd, 'true');
    expect(leaves()).toStrictEqual(['1']);
  });

  test('many at once have a place each, and few stay', async () => {
    const ends = Promise.all(Array.from({ length: 30 }, () => sh(envd, 'sleep 600')));
    await eventually(
      'waiting for all to run',
      () => leaves().filter((leaf) => members(leaf).length > 0).length === 30,
    );
    for (const leaf of leaves()) writeFileSync(join(root, 'users/commands', leaf, 'cgroup.kill'), '1');
    await ends;
    await eventually('waiting for places to go', () => leaves().length <= 8);
  });

  test('what a command leaves behind keeps its place, which goes with the last of it', async () => {
    await sh(envd, 'setsid sleep 600 >/dev/null 2>&1 &');
    const { stdout } = await sh(envd, ownGroup);
    expect(stdout.toString()).toMatch(/commands\/2\n$/);
    expect(members('1')).toHaveLength(1);
    writeFileSync(join(root, 'users/commands/1/cgroup.kill'), '1');
    await eventually('waiting for the end', () => members('1').length === 0);
    await sh(envd, 'true');
    await eventually('waiting for the place to go', () => !leaves().includes('1'));
  });

  test('when its time is over all of a command ends, what has a session of its own too', async () => {
    const client = envd.client({ headers: { 'x-access-token': accessToken } });
    const script = 'setsid sh -c "setsid sleep 600 & sleep 600" & echo; wait';
    const mostMembers = () => Math.max(0, ...leaves().map((leaf) => members(leaf).length));
    /** Whether all of it was seen before its time was over. */
    const runsFor = async (timeoutMs: number): Promise<boolean> => {
      const events = client.start({ process: { cmd: 'sh', args: ['-c', script] } }, { timeoutMs });
      let isOver = false;
      const ended = (async () => {
        for await (const { event } of events) if (event?.event.case === 'start') continue;
      })().finally(() => {
        isOver = true;
      });
      const failed = expect(ended).rejects.toThrow();
      await eventually('waiting for its children', () => isOver || mostMembers() === 4);
      const wasSeen = !isOver;
      await failed;
      await eventually('waiting for the end of all', () => mostMembers() === 0);
      return wasSeen;
    };
    expect((await runsFor(1_500)) || (await runsFor(6_000)) || (await runsFor(24_000))).toBe(true);
  });

  test('one that is killed with everything takes along what has a session of its own too', async () => {
    const client = envd.client({ headers: { 'x-access-token': accessToken } });
    const script = 'setsid sh -c "setsid sleep 600 & sleep 600" & echo; wait';
    const command = await StartedProcess.run(client, 'sh', '-c', script);
    await eventually('waiting for its children', () => leaves().includes('1') && members('1').length === 4);
    await client.sendSignal({ ...command.selector, signal: Signal.SIGKILL, withAllItStarted: true });
    expect((await command.rest()).end).toMatchObject({ exitCode: 137 });
    await eventually('waiting for the end of all', () => members('1').length === 0);
  });

  test('processes stand still from the preparation of a snapshot to the next /init', async () => {
    await sh(envd, 'setsid sh -c "while :; do :; done" >/dev/null 2>&1 &');
    await post(envd, '/snapshot/prepare');
    expect(read('users/cgroup.events')).toContain('frozen 1');
    await post(envd, '/init');
    await eventually('waiting for it to run', () => read('users/cgroup.events').includes('frozen 0'));
  });

  test('a group that somebody removed is not missed', async () => {
    await sh(envd, 'true');
    rmdirSync(join(root, 'users/commands/1'));
    expect((await sh(envd, ownGroup)).stdout.toString()).toMatch(/users\/commands\/\d+\n$/);
    expect((await sh(envd, ownGroup)).stdout.toString()).toMatch(/users\/commands\/\d+\n$/);
  });
});

test('without control groups commands run, and are not spared', async () => {
  await using envd = await start(['--cgroup-root', '/nowhere'], '');
  const { stdout } = await sh(envd, 'cat /proc/$$/oom_score_adj; nice');
  expect(stdout.toString()).toBe('100\n0\n');
});

function groupsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? entry.name : [],
  );
}

/** With all groups in it. Control groups are removed one by one, their files cannot be. */
function removeGroup(path: string): void {
  for (const name of groupsIn(path)) removeGroup(join(path, name));
  rmdirSync(path);
}
