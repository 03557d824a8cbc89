import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describeUnless } from '@wrenn/testkit/describe-unless';
import { afterEach, expect, it } from 'vitest';
import { CgroupHost } from './cgroup-host.ts';

const host = await CgroupHost.detect(`test-${process.pid}`);
const limits = { cpus: 1, memoryBytes: 256 * 1024 * 1024, pids: 50 };
const roots = host.support.version === 'none' ? [] : host.support.hierarchies.map(({ root }) => root);

const missing = roots.length === 0 ? host.describe() : undefined;

/** A process that sleeps inside a cgroup. */
async function sleeperIn(procsFiles: readonly string[]): Promise<ChildProcess> {
  const child = spawn('sleep', ['300']);
  await once(child, 'spawn');
  for (const file of procsFiles) await writeFile(file, String(child.pid));
  return child;
}

async function ourDirectories(): Promise<string[]> {
  const all = await Promise.all(roots.map((root) => readdir(root)));
  return all.flat().filter((name) => name === `wrenn-test-${process.pid}`);
}

describeUnless(missing, 'CgroupHost', () => {
  afterEach(async () => {
    await host.sweep(new Set());
    await host.close();
    expect(await ourDirectories()).toEqual([]);
  });

  it('says what bounds a machine', () => {
    expect(host.describe()).toMatch(/^cgroup v[12] bounds /);
  });

  it('puts the limits in force', async () => {
    const cgroup = await host.create('limits', limits);
    const read = await Promise.all(
      cgroup.procsFiles.map((file) => readFile(join(dirname(file), 'pids.max'), 'utf8').catch(() => '')),
    );
    expect(read.join('').trim()).toBe('50');
  });

  it('has the file of its share of the processors', async () => {
    const { cpuShare } = await host.create('share', limits);
    expect(cpuShare && Number(await readFile(cpuShare.path, 'utf8'))).toBe(cpuShare?.usual);
  });

  it('refuses a second one of the same name and leaves the first alone', async () => {
    const first = await host.create('twice', limits);
    await expect(host.create('twice', limits)).rejects.toMatchObject({ code: 'conflict' });
    expect(await readFile(first.procsFiles[0] ?? '', 'utf8')).toBe('');
  });

  it('holds the processes that join it, and kills them when it is removed', async () => {
    const cgroup = await host.create('busy', limits);
    const child = await sleeperIn(cgroup.procsFiles);
    const exit = once(child, 'exit');
    expect(await readFile(cgroup.procsFiles[0] ?? '', 'utf8')).toBe(`${child.pid}\n`);
    await host.remove('busy');
    expect(await exit).toEqual([null, 'SIGKILL']);
  });

  it('removes what is gone without a fault', async () => {
    await host.create('gone', limits);
    await host.remove('gone');
    await host.remove('gone');
  });

  it('knows a cgroup again by its name', async () => {
    const made = await host.create('again', limits);
    expect(host.existing('again')).toEqual(made);
  });

  it('sweeps what nobody owns, with its processes, and nothing else', async () => {
    await host.create('kept', limits);
    const orphan = await sleeperIn((await host.create('orphan', limits)).procsFiles);
    const exit = once(orphan, 'exit');
    const later = await CgroupHost.detect(`test-${process.pid}`);
    expect(await later.sweep(new Set(['kept']))).toEqual(['orphan']);
    await exit;
    expect(await readFile(later.existing('kept').procsFiles[0] ?? '', 'utf8')).toBe('');
  });

  it.each(['../escape', '', '.hidden', 'a/b'])('refuses the name "%s"', async (name) => {
    await expect(host.create(name, limits)).rejects.toMatchObject({ code: 'invalid_request' });
  });
});
