import { parseConfig } from '@wrenn/core';
import { describe, expect, it } from 'vitest';
import { settings } from '../config.ts';
import { DirectoryLock } from './directory-lock.ts';
import { Installation } from './installation.ts';
import type { Programs } from './programs.ts';
import { type Behaviour, Bench } from './testing/service-spec.ts';

const never = new AbortController().signal;

/** An installation of small programs that only say what they do, and a database that is someone else's. */
async function make(bench: Bench, behaviours: Partial<Record<keyof Programs, Behaviour>> = {}) {
  const service = (key: keyof Programs, name: string) => bench.service(name, behaviours[key] ?? 'ready');
  const lock = await DirectoryLock.take(bench.directory, never);
  const said: string[] = [];
  const installation = new Installation({
    config: parseConfig(settings, { WRENN_DIR: bench.directory, DATABASE_URL: 'postgres:///none' }),
    programs: {
      dashboard: service('dashboard', 'dashboard'),
      setup: service('setup', 'setup'),
      selftest: service('selftest', 'selftest'),
      agent: service('agent', 'host-agent'),
      edge: service('edge', 'edge'),
      bootstrap: () => service('bootstrap', 'bootstrap'),
      controlPlane: () => service('controlPlane', 'control-plane'),
      task: () => service('task', 'task'),
    },
    lock,
    report: () => undefined,
    announce: (line) => said.push(line),
  });
  return { installation, lock, said };
}

const started = (journal: readonly string[]) => journal.filter((line) => line.includes(' started '));
const stopped = (journal: readonly string[]) => journal.filter((line) => line.includes(' stopped '));
const names = (lines: readonly string[]) => lines.map((line) => line.split(' ')[0]);

describe('an installation', () => {
  it('starts each program when what it needs is there', async () => {
    await using bench = await Bench.make();
    const { installation, lock } = await make(bench);
    await using _lock = lock;
    await installation.start(never);
    const order = names(started(await bench.journal()));
    const all = ['bootstrap', 'control-plane', 'dashboard', 'edge', 'host-agent', 'setup'];
    expect(order.toSorted()).toEqual(all);
    expect(order.indexOf('control-plane')).toBeGreaterThan(order.indexOf('dashboard'));
    expect(order.indexOf('control-plane')).toBeGreaterThan(order.indexOf('bootstrap'));
    expect(order.indexOf('host-agent')).toBeGreaterThan(order.indexOf('bootstrap'));
    expect(order.indexOf('host-agent')).toBeGreaterThan(order.indexOf('setup'));
    expect(installation.fact('host-agent', 'name')).toBe('host-agent');
    await installation.stop();
  });

  it('stops in the order of a request, and lets only the agent pause capsules', async () => {
    await using bench = await Bench.make();
    const { installation, lock } = await make(bench);
    await using _lock = lock;
    await installation.start(never);
    const before = stopped(await bench.journal()).length;
    await installation.stop();
    const [first, ...others] = stopped(await bench.journal()).slice(before);
    expect(first).toBe('edge stopped leave');
    expect(others.toSorted()).toEqual(['control-plane stopped leave', 'host-agent stopped pause']);
  });

  it('that is told to end at once while it stops waits for nobody, and says what was not done', async () => {
    await using bench = await Bench.make();
    const { installation, lock, said } = await make(bench, { agent: 'deaf' });
    await using _lock = lock;
    await installation.start(never);
    const stopping = installation.stop();
    installation.kill();
    await stopping;
    expect(said).toEqual([
      'host-agent was killed by SIGKILL before it had paused all capsules: those that run are found by the next start',
    ]);
    for (const line of started(await bench.journal())) {
      expect(() => process.kill(Number(line.split(' ')[2]), 0)).toThrow();
    }
  });

  it.each(['setup', 'bootstrap', 'controlPlane', 'agent', 'edge'] as const)(
    'whose %s fails says why, and leaves nothing running',
    async (culprit) => {
      await using bench = await Bench.make();
      const { installation, lock } = await make(bench, { [culprit]: 'fault' });
      await using _lock = lock;
      await expect(installation.start(never)).rejects.toMatchObject({ code: 'no_space' });
      await installation.stop();
      for (const line of started(await bench.journal())) {
        expect(() => process.kill(Number(line.split(' ')[2]), 0)).toThrow();
      }
    },
  );

  it('that is interrupted while it starts leaves nothing running', async () => {
    await using bench = await Bench.make();
    const { installation, lock } = await make(bench);
    await using _lock = lock;
    const stop = new AbortController();
    const starting = installation.start(stop.signal);
    stop.abort(new Error('Ctrl-C'));
    await expect(starting).rejects.toThrow('Ctrl-C');
    await installation.stop();
    for (const line of started(await bench.journal())) {
      expect(() => process.kill(Number(line.split(' ')[2]), 0)).toThrow();
    }
  });
});
