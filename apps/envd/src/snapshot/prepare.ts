import { abortable, deadline, describeError, WrennError } from '@wrenn/core';
import type { Daemon } from '../guest/daemon.ts';

const portsDeadlineMs = 1_500;

/**
 * Makes the machine ready to be copied: nothing listens for others, no connection idles, answers end their connections,
 * and the processes of users stand still. The next `/init` undoes all of it in the copy, `goOn` in a machine that stays
 * what it is. Preparing twice is preparing once.
 *
 * Throws `host_unavailable`, which can be tried again, that names the step at fault; then all is as it was before.
 */
export async function prepareSnapshot(daemon: Daemon): Promise<void> {
  daemon.phase = 'prepared';
  daemon.metadata.breakOff();
  try {
    await step('stopping the port forwarders', async () => {
      using limit = deadline(portsDeadlineMs, 'stopping');
      await abortable(daemon.ports.stop(), limit);
      requirePrepared(daemon);
    });
    daemon.connections.closeIdle();
    await step('freezing the processes of users', () => daemon.workload.freeze());
  } catch (thrown) {
    goOn(daemon);
    throw thrown;
  }
}

/**
 * Undoes `prepareSnapshot` in the machine itself: nothing was restored, so that connections, identity and streams under
 * way are as good as they were. Does nothing where nothing is prepared.
 */
export function goOn(daemon: Daemon): void {
  if (daemon.phase !== 'prepared') return;
  daemon.phase = 'serving';
  daemon.connections.keepAlive();
  daemon.workload.thaw();
  daemon.ports.start();
  daemon.metadata.goOn();
}

/** An `/init` or `/snapshot/continue` that came meanwhile has made it a running machine again. */
function requirePrepared({ phase }: Daemon): void {
  if (phase !== 'prepared') throw new WrennError('cancelled', 'the host let it go on in between');
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
