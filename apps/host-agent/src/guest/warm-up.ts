import { WrennError } from '@wrenn/core';
import type { GuestClient } from './guest-client.ts';
import { type Identity, initRequest } from './init-request.ts';

/**
 * Does once what every capsule of a template does first, so that what it needs (envd's compiled code, the C library,
 * the shell) is in the memory that they all start from; then writes the disk back.
 */
export async function warmUp(guest: GuestClient, identity: Identity, signal: AbortSignal): Promise<void> {
  await guest.init(initRequest(identity), identity.hostSecret, signal);
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
