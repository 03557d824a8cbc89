import { describeError } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import { isRunning, killProcess, type ProcessIdentity } from '../../process/process-identity.ts';
import type { PageServerProcess } from './page-server/start-page-server.ts';

/**
 * A VMM whose page server has ended waits for ever for its next page: it is killed, which makes the capsule fail with its
 * snapshot as it was. A page server that sees its own fault has done so already; this is for one that was killed.
 */
export function watchPageServer(pages: PageServerProcess, vmm: ProcessIdentity, log: Logger): void {
  const settle = async () => {
    const said = await pages.ended;
    if (said !== undefined) log.error({ pid: vmm.pid, said }, 'a page server failed');
    if (!(await isRunning(vmm))) return;
    log.error({ pid: vmm.pid }, 'a virtual machine is ended, as its page server has ended');
    await killProcess(vmm);
  };
  settle().catch((thrown: unknown) => {
    log.error({ pid: vmm.pid, cause: describeError(thrown) }, 'settling the end of a page server');
  });
}
