import { abortable, deadline, describeError, WrennError } from '@wrenn/core';
import type { Daemon } from '../guest/daemon.ts';

const portsDeadlineMs = 1_500;

/**
 * Makes the machine ready to be copied: nothing listens for others, no connection idles, answers end their connections,
 * and the processes of users stand still. The next `/init` undoes all of it, in the copy as in a machine that was not
 * copied after all. Preparing twice is preparing once.
 *
 * Throws `host_unavailable`, which can be tried again, that names the step at fault; then all is as it was before.
 */
export async function prepareSnapshot(daemon: Daemon): Promise<void> {
  daemon.phase = 'prepared';
  daemon.metadata.stop();
  try {
    await step('stopping the port forwarders', async () => {
      using limit = deadline(portsDeadlineMs, 'stopping');
      await abortable(daemon.ports.stop(), limit);
      requirePrepared(daemon);
    });
    daemon.connections.closeIdle();
    await step('freezing the processes of users', () => daemon.workload.freeze());
  } catch (thrown) {
    daemon.workload.thaw();
    daemon.connections.keepAlive();
    daemon.ports.start();
    daemon.phase = 'serving';
    throw thrown;
  }
}

/** An `/init` that came meanwhile has made it a running machine again. */
function requirePrepared({ phase }: Daemon): void {
  if (phase !== 'prepared') throw new WrennError('cancelled', 'an /init came in between');
}

async function step(doing: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new WrennError('host_unavailable', `${doing}: ${describeError(cause)}`, {
      cause,
      remedy: 'try again; the capsule goes on as before',
    });
  }
}
