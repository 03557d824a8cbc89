import { deadline, until, WrennError } from '@wrenn/core';
import { WrennClient } from '@wrenn/sdk';
import { z } from 'zod';

const readyLimitMs = 60_000;
const requestLimitMs = 5_000;
const selfTestLimitMs = 60_000;
const destroyLimitMs = 30_000;

const unready = z.object({ reasons: z.array(z.string()) });

/** Waits until the API can make capsules: its database answers and this machine is an online host. */
export async function untilReady(url: string, signal: AbortSignal): Promise<void> {
  let reasons = 'it does not answer';
  using limit = deadline(readyLimitMs, `waiting for ${url}/readyz`, signal);
  try {
    await until(
      async () => {
        const found = await reasonsAgainst(url, limit);
        reasons = found ?? reasons;
        return found === undefined ? true : undefined;
      },
      30,
      limit,
    );
  } catch (cause) {
    signal.throwIfAborted();
    throw new WrennError('internal_error', `the API does not become ready: ${reasons}`, { cause });
  }
}

/** Undefined when it is ready. */
async function reasonsAgainst(url: string, signal: AbortSignal): Promise<string | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(requestLimitMs)]);
  const response = await fetch(`${url}/readyz`, { signal: limit });
  if (response.ok) {
    await response.body?.cancel();
    return undefined;
  }
  const body = unready.safeParse(await response.json());
  return body.success ? body.data.reasons.join('; ') : `it answers ${response.status}`;
}

/** Makes a capsule, lets it say hello, and ends it; returns what it said. */
export async function selfTest(url: string, apiKey: string, signal: AbortSignal): Promise<string> {
  using limit = deadline(selfTestLimitMs, 'the self-test capsule', signal);
  const { capsules } = new WrennClient({ baseUrl: url, apiKey });
  // Not aborted: the server would go on with it, and the capsule's ID be lost.
  const { id } = await capsules.create({ template: 'minimal', timeoutSec: selfTestLimitMs / 1000 });
  try {
    const command = { cmd: 'echo', args: ['hello from a capsule'] };
    const said = await capsules.exec(id, command, { signal: limit });
    if (said.exitCode === 0) return said.stdout.trim();
    throw new WrennError(
      'internal_error',
      `the self-test's command ${said.outcome} with code ${said.exitCode}`,
    );
  } finally {
    await capsules.destroy(id, { signal: AbortSignal.timeout(destroyLimitMs) });
  }
}
