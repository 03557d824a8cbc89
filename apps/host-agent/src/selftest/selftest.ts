import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Cleanup, describeError, newId, type Report, runStep, WrennError, zeroId } from '@wrenn/core';
import type { ServiceContext } from '@wrenn/service';
import type { CapsuleContext } from '../capsules/capsules.ts';
import { createCapsule } from '../capsules/create-capsule.ts';
import { destroyCapsule } from '../capsules/destroy-capsule.ts';
import type { AgentConfig } from '../config.ts';
import { selftestSlots } from '../network/slot-range.ts';
import { openHost } from '../open-host.ts';
import { exec } from '../processes/exec.ts';
import { leftBehind } from './left-behind.ts';
import { onlyOne } from './only-one.ts';

const template = { name: 'minimal', shape: { vcpus: 1, memoryMiB: 512 } };
const command = { cmd: 'echo', args: ['hello'] };
const commandSec = 30;
const undoMs = 60_000;

/**
 * Boots a machine with this host's engine as an agent does, lets it say hello, and removes everything: in slots and a
 * directory of its own, so that an agent may serve beside it. The facts are what it said and what it ran with. Throws
 * what went wrong, with the step's name; also when something stayed on the host.
 */
export async function selftest(
  config: AgentConfig,
  service: ServiceContext,
): Promise<Record<'output' | 'engine' | 'engine_build' | 'isolation', string>> {
  const directory = join(config.directory, 'selftest');
  await mkdir(config.directory, { recursive: true, mode: 0o711 });
  await using _alone = await onlyOne();
  const own = { ...config, directory, slots: selftestSlots, slotsReady: 0 };
  let host: CapsuleContext | undefined;
  let output: string;
  {
    await using cleanup = new Cleanup();
    await cleanup.add('directory', () => rm(directory, { recursive: true, force: true }));
    host = await step(service.report, 'host', async () => {
      // What one that was killed left: none of it is wanted any more.
      await rm(directory, { recursive: true, force: true });
      const opened = await openHost(own, service, cleanup);
      await cleanup.add('operations', () => opened.locks.idle());
      await opened.cgroups.sweep(new Set());
      await opened.slots.sweep(new Set());
      await opened.engine.sweep(new Set(), service.signal);
      return opened;
    });
    output = await greeting(host, service);
  }
  const traces = { slots: selftestSlots, cgroups: host.cgroups, directory };
  await step(service.report, 'nothing is left', () => requireNothing(host, traces));
  const { name, build, isolation } = host.engine.traits;
  return { output, engine: name, engine_build: build, isolation };
}

/** From the first boot to the end of the capsule. */
async function greeting(host: CapsuleContext, { report, signal }: ServiceContext): Promise<string> {
  await named('template', () => host.templates.ensure(template.name, template.shape));
  const capsuleId = newId('capsule');
  const options = {
    ...{ capsuleId, teamId: zeroId('team'), templateId: zeroId('template'), template: template.name },
    ...{ ...template.shape, timeoutSec: 0, snapshotId: undefined, imageId: undefined },
    ...{ defaultUser: 'user', defaultEnv: {}, defaultWorkdir: '' },
  };
  await using capsule = new Cleanup();
  await capsule.add('capsule', () =>
    step(report, 'destroy', () => destroyCapsule(host, capsuleId, AbortSignal.timeout(undoMs))),
  );
  await step(report, 'capsule', () => createCapsule(host, options, signal));
  return await step(report, `${command.cmd} ${command.args.join(' ')}`, async () => {
    const input = { stdin: Buffer.alloc(0), stdinAfter: 'end' } as const;
    const call = { ...command, ...input, envs: {}, cwd: '', user: '', timeoutSec: commandSec };
    const said: Uint8Array[] = [];
    for await (const event of exec(host, capsuleId, call, signal)) {
      if (event.kind === 'stdout' || event.kind === 'stderr') said.push(event.data);
      if (event.kind === 'end' && event.exitCode !== 0)
        throw new WrennError(
          'agent_error',
          `it ${event.outcome} with code ${event.exitCode}: ${event.error}`,
        );
    }
    return Buffer.concat(said).toString().trim();
  });
}

async function requireNothing(host: CapsuleContext, traces: Parameters<typeof leftBehind>[0]): Promise<void> {
  const signal = AbortSignal.timeout(undoMs);
  // What the engine still finds to remove now, was left too.
  const left = [...(await host.engine.sweep(new Set(), signal)), ...(await leftBehind(traces, signal))];
  if (left.length === 0) return;
  throw new WrennError('agent_error', `left on this machine: ${left.join(', ')}`, {
    remedy: 'run the self-test again, which removes it, and report this as a defect of Wrenn',
  });
}

function step<T>(report: Report, name: string, work: () => Promise<T>): Promise<T> {
  return named(name, () => runStep(report, name, async () => ({ value: await work(), cached: false })));
}

/** A fault then begins with what was being done. */
async function named<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const { code, message, remedy } = WrennError.from(thrown, describeError(thrown));
    throw new WrennError(code, `${name}: ${message}`, {
      cause: thrown,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
}
