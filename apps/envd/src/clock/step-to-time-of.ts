import type { Socket } from 'node:net';
import { msSinceReceived } from '@wrenn/sys';
import type { Machine } from '../guest/machine.ts';

/**
 * Steps the clock to the time that came as `timestamp` with the latest data of `carriedBy`, and returns by how many
 * nanoseconds it moved. In an emulated machine that was just restored, a fifth of a second lies between the arrival of
 * that data and the moment when this code has read it, for all of Node is translated anew on the way; so as much is
 * added as the kernel says that the data has waited. Twice, since even between that question and the step lie ten
 * milliseconds when both are asked for the first time.
 */
export function stepToTimeOf(
  machine: Pick<Machine, 'stepClock'>,
  timestamp: bigint,
  carriedBy: Socket,
): bigint {
  const roughly = machine.stepClock(timestamp + ageNs(carriedBy));
  return roughly + machine.stepClock(timestamp + ageNs(carriedBy));
}

function ageNs(socket: Socket): bigint {
  const fd = descriptorOf(socket);
  return fd === undefined ? 0n : BigInt(msSinceReceived(fd)) * 1_000_000n;
}

/** Node has it and documents no way to ask for it. Undefined when it is closed. */
function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return undefined;
  return typeof handle.fd === 'number' && handle.fd >= 0 ? handle.fd : undefined;
}
