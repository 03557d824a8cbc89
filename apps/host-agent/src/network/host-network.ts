import { networkInterfaces } from 'node:os';
import { WrennError } from '@wrenn/core';
import { run } from '../process/run.ts';
import { hostRules } from './host-rules.ts';
import { claimSharedState, releaseSharedState, wrennTables } from './shared-host-state.ts';
import type { RangeNames } from './slot-range.ts';

const timeoutMs = 15_000;

/**
 * Brings up what a range has on the host besides its slots: the policy and the address of services. Also the way
 * back after the agent was killed: capsules that outlived it keep their connections, as the kernel's table of
 * connections is not touched.
 */
export async function openHostNetwork(range: RangeNames, signal: AbortSignal): Promise<void> {
  if (process.geteuid?.() !== 0) {
    throw new WrennError('missing_prerequisite', 'network namespaces need root', {
      remedy: 'run it as root',
    });
  }
  await run(['nft', '-f', '-'], { input: hostRules(range), signal, timeoutMs });
  await claimSharedState(signal);
  const add = [
    'ip',
    'addr',
    'replace',
    `${range.serviceAddress}/32`,
    'dev',
    'lo',
    'label',
    range.serviceLabel,
  ] as const;
  await run(add, { signal, timeoutMs });
}

/** No slot of the range may be left: without the policy it would be open to all sides. */
export async function closeHostNetwork(range: RangeNames): Promise<void> {
  const signal = new AbortController().signal;
  if (networkInterfaces()[range.serviceLabel] !== undefined) {
    await run(['ip', 'addr', 'del', `${range.serviceAddress}/32`, 'dev', 'lo'], { signal, timeoutMs });
  }
  if ((await wrennTables(signal)).includes(range.table)) {
    await run(['nft', 'delete', 'table', 'inet', range.table], { signal, timeoutMs });
  }
  await releaseSharedState(signal);
}
