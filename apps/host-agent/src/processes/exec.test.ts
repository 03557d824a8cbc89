import { Code, ConnectError } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';
import type { RunningCapsule } from '../capsules/capsule.ts';
import { StandInCapsules } from '../capsules/testing/stand-in-capsules.ts';
import type { ProcessEvent } from './events.ts';
import { type ExecOptions, exec } from './exec.ts';

const never = new AbortController().signal;
const options: ExecOptions = {
  cmd: 'true',
  args: [],
  envs: {},
  cwd: '',
  user: '',
  timeoutSec: 0,
  stdin: new Uint8Array(),
  stdinAfter: 'end',
};
const started = { event: { event: { case: 'start', value: { pid: 7 } } } };
const ended = { event: { event: { case: 'end', value: { exitCode: 0, exited: true } } } };

/** A capsule of which `events` is what its daemon says to a command. */
function capsuleSaying(events: () => AsyncIterable<unknown>) {
  const host = new StandInCapsules();
  const capsule = host.add({});
  Object.assign(capsule, { guest: { process: { start: events } } });
  return { host, capsule };
}

async function* saying(...events: unknown[]) {
  yield* events;
}

/** Whether a use of it is under way: then it is not idle, however much time goes by. */
async function isInUse({ activity }: RunningCapsule): Promise<boolean> {
  const before = performance.now();
  while (performance.now() - before < 2) await Promise.resolve();
  return activity.idleMs() === 0;
}

describe('a command', () => {
  it('is a use of its capsule from its start to its end', async () => {
    const { host, capsule } = capsuleSaying(() => saying(started, ended));
    expect(await isInUse(capsule)).toBe(false);
    const seen: ProcessEvent['kind'][] = [];
    for await (const { kind } of exec(host.context, capsule.id, options, never)) {
      seen.push(kind);
      expect(await isInUse(capsule)).toBe(true);
    }
    expect(seen).toEqual(['start', 'end']);
    expect(await isInUse(capsule)).toBe(false);
  });

  it('is no use any more when its reader went away, or when it could not be started', async () => {
    const { host, capsule } = capsuleSaying(() => saying(started, ended));
    for await (const _event of exec(host.context, capsule.id, options, never)) break;
    expect(await isInUse(capsule)).toBe(false);

    const refusing = capsuleSaying(() => {
      throw new ConnectError('no such user', Code.InvalidArgument);
    });
    const refused = exec(refusing.host.context, refusing.capsule.id, options, never).next();
    await expect(refused).rejects.toMatchObject({ code: 'invalid_request' });
    expect(await isInUse(refusing.capsule)).toBe(false);
  });

  it('is not begun in a capsule on its way to disk', async () => {
    const { host, capsule } = capsuleSaying(() => saying(started, ended));
    capsule.record = { ...capsule.record, phase: 'pausing' };
    const refused = exec(host.context, capsule.id, options, never).next();
    await expect(refused).rejects.toMatchObject({ code: 'busy', retryable: true });
  });
});
