import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deadline, until } from '@wrenn/core';
import { describe, expect, it } from 'vitest';
import { identify } from './process-identity.ts';
import { type ServiceProcess, startService } from './service-process.ts';
import { Bench } from './testing/service-spec.ts';

const ignore = () => undefined;

describe('a child of the supervisor', () => {
  it('reports its progress and its facts, and stops as it is told', async () => {
    await using bench = await Bench.make();
    const notes: unknown[] = [];
    const child = await startService(bench.service('one', 'ready'), (progress) => notes.push(progress));
    expect(await child.ready).toEqual({ name: 'one', pid: String(child.pid) });
    expect(notes).toEqual([{ kind: 'note', step: 'one', text: 'working' }]);
    await child.stop('pause', 10_000);
    expect(await child.ended).toEqual({ code: 0, killedBy: null, fault: undefined });
    expect(await bench.journal()).toEqual([`one started ${child.pid}`, 'one stopped pause']);
  });

  it('that cannot start says why', async () => {
    await using bench = await Bench.make();
    const child = await startService(bench.service('one', 'fault'), ignore);
    await expect(child.ready).rejects.toMatchObject({ code: 'no_space', remedy: 'free some' });
  });

  it('that ends without a word is pointed to by its log', async () => {
    await using bench = await Bench.make();
    const child = await startService(bench.service('one', 'exit'), ignore);
    await expect(child.ready).rejects.toMatchObject({
      message: 'one exited with code 7 before it was ready',
      remedy: `read ${join(bench.directory, 'one.log')}`,
    });
  });

  it('that does not stop in time is killed', async () => {
    await using bench = await Bench.make();
    const child = await startService(bench.service('one', 'deaf'), ignore);
    await child.ready;
    await child.stop('leave', 100);
    expect(await child.ended).toMatchObject({ killedBy: 'SIGKILL' });
    expect(await identify(child.pid)).toBeUndefined();
  });

  it('that says how far it is gets the time that it needs to stop', async () => {
    await using bench = await Bench.make();
    const notes: string[] = [];
    const child = await startService(bench.service('one', 'slow'), (progress) => {
      if (progress.kind === 'note') notes.push(progress.text);
    });
    await child.ready;
    const began = performance.now();
    // It takes four seconds, and says something ten times meanwhile.
    await child.stop('pause', 3_000);
    expect(performance.now() - began).toBeGreaterThan(3_000);
    expect(await child.ended).toEqual({ code: 0, killedBy: null, fault: undefined });
    expect(notes.at(-1)).toBe('10 of 10 paused');
  });

  it('is not reached by a Ctrl-C on the terminal: it has a process group of its own', async () => {
    await using bench = await Bench.make();
    const child = await startService(bench.service('one', 'ready'), ignore);
    await using _stop = stopping(child);
    await child.ready;
    expect(() => process.kill(-child.pid, 0)).not.toThrow();
  });

  it('learns that its supervisor was killed', async () => {
    await using bench = await Bench.make();
    const module = JSON.stringify(new URL('service-process.ts', import.meta.url).href);
    const program = `
      const { startService } = await import(${module});
      const child = await startService(${JSON.stringify(bench.service('one', 'ready'))}, () => undefined);
      await child.ready;
      process.stdout.write('ready');`;
    const supervisor = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(supervisor.stdout, 'data');
    supervisor.kill('SIGKILL');
    using limit = deadline(20_000, 'waiting for the orphan');
    const noticed = async () => ((await bench.journal()).includes('one orphaned') ? true : undefined);
    expect(await until(noticed, 10, limit)).toBe(true);
  });

  it('starts a new log when the old one has become large', async () => {
    await using bench = await Bench.make();
    const log = join(bench.directory, 'one.log');
    await writeFile(log, '');
    await truncate(log, 11 * 1024 * 1024);
    const child = await startService(bench.service('one', 'ready'), ignore);
    await using _stop = stopping(child);
    await child.ready;
    expect((await stat(log)).size).toBe(0);
    expect((await stat(`${log}.1`)).size).toBe(11 * 1024 * 1024);
  });
});

function stopping(child: ServiceProcess): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      await child.stop('leave', 10_000);
    },
  };
}
