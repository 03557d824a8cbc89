import { deadline, pause, WrennError } from '@wrenn/core';
import type { BuildLog } from './log/build-log.ts';
import { type BuildCapsule, describeEnd, type GuestCommand } from './machine/build-capsule.ts';
import type { Command, Healthcheck } from './recipe/instruction.ts';
import type { Surroundings } from './steps/surroundings.ts';
import { argvOf } from './steps/work.ts';

/** A start command without a healthcheck is looked at for so long: one that ends at once has not started. */
const watchMs = 3_000;
const lookEveryMs = 250;
/** However often a healthcheck may be tried: a template has to be ready some time. */
const mostReadyMs = 30 * 60_000;

export interface StartUp {
  readonly capsule: BuildCapsule;
  readonly log: BuildLog;
  readonly surroundings: Surroundings;
  readonly command: Command | undefined;
  readonly healthcheck: Healthcheck | undefined;
}

/** Starts what the template runs, and waits until it is well. */
export async function startUp(what: StartUp, signal: AbortSignal): Promise<void> {
  const { capsule, command, healthcheck, surroundings } = what;
  const place = { user: surroundings.user, cwd: surroundings.workdir, env: surroundings.env };
  const pid =
    command === undefined
      ? undefined
      : await capsule.startBackground({ ...place, argv: argvOf(command) }, signal);
  if (healthcheck !== undefined) {
    await waitUntilWell(
      what,
      { ...place, argv: argvOf(healthcheck.command), timeoutMs: healthcheck.timeoutMs },
      healthcheck,
      signal,
    );
  } else if (pid !== undefined) await seeItRun(capsule, pid, signal);
}

/** The last look comes after all of the time, however long a guest takes to answer: one at the beginning says little. */
async function seeItRun(capsule: BuildCapsule, pid: number, signal: AbortSignal): Promise<void> {
  const until = performance.now() + watchMs;
  for (let isLast = false; !isLast; ) {
    await pause(lookEveryMs, signal);
    isLast = performance.now() >= until;
    if (!(await capsule.isRunning(pid, signal))) {
      throw new WrennError('invalid_request', 'the start command ended as soon as it was started', {
        remedy: 'let it go on in the foreground, or start it with RUN',
      });
    }
  }
}

async function waitUntilWell(
  { capsule, log }: StartUp,
  check: GuestCommand,
  { intervalMs, startPeriodMs, retries }: Healthcheck,
  signal: AbortSignal,
): Promise<void> {
  const limitMs =
    retries === 0
      ? mostReadyMs
      : Math.min(mostReadyMs, startPeriodMs + (retries + 1) * (intervalMs + check.timeoutMs));
  using limit = deadline(limitMs, 'waiting for the healthcheck', signal);
  const began = performance.now();
  let failures = 0;
  for (;;) {
    let said = '';
    const end = await capsule.run(
      check,
      async (_name, bytes) => {
        said = (said + bytes.toString()).slice(-2_000);
      },
      limit,
    );
    if (end.kind === 'exited' && end.code === 0) return;
    const isEarly = performance.now() - began < startPeriodMs;
    if (!isEarly) failures += 1;
    await log.note(`not well yet: ${describeEnd(end)}${said === '' ? '' : `: ${said.trim().slice(-200)}`}`);
    if (retries > 0 && failures > retries) {
      throw new WrennError(
        'deadline_exceeded',
        `the healthcheck failed ${failures} times: ${describeEnd(end)}`,
        {
          remedy: 'give it a longer --start-period or more --retries',
        },
      );
    }
    await pause(Math.max(intervalMs, lookEveryMs), limit);
  }
}
