import { WrennError } from '@wrenn/core';
import type { GuestClient } from './guest-client.ts';

/**
 * Runs a few commands, so that what the first ones of a capsule need (envd's compiled code, the C library, the shell)
 * is in the memory that all capsules of the template start from; then writes the disk back.
 */
export async function warmUp(guest: GuestClient, signal: AbortSignal): Promise<void> {
  const commands = [['true'], ['true'], ['sh', '-c', 'hostname >/dev/null'], ['sync']] as const;
  for (const [cmd, ...args] of commands) {
    let exitCode: number | undefined;
    const request = { process: { cmd, args: [...args] }, stdin: false };
    for await (const { event } of guest.process.start(request, { signal })) {
      if (event?.event.case === 'end') exitCode = event.event.value.exitCode;
    }
    // An image without a shell is a good image; what must not happen is that envd does not answer.
    if (exitCode === undefined)
      throw new WrennError('agent_error', `running ${cmd} in the template: no end was seen`);
  }
}
