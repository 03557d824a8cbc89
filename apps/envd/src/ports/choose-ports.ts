import type { Flags } from '../flags.ts';
import type { Workload } from '../workload/workload.ts';
import { PortForwarding } from './port-forwarding.ts';
import { noPorts, type PortSubsystem } from './port-subsystem.ts';

/** As images/runtime/init sets it, in every capsule. */
const capsuleAddress = '169.254.0.21';
const runtime = '/run/wrenn/runtime';
/** With the loader of the runtime drive, since the image may have none, or another. */
const capsuleSocat = [
  ...[`${runtime}/lib/ld-linux-x86-64.so.2`, '--library-path', `${runtime}/lib`],
  `${runtime}/bin/socat`,
];

/** In a capsule its ports are forwarded; alone only where that is asked for, by the socat of the machine. */
export function choosePorts(
  { mode, forwardPortsTo }: Pick<Flags, 'mode' | 'forwardPortsTo'>,
  workload: Workload,
): PortSubsystem {
  if (mode === 'capsule') {
    return new PortForwarding({ command: capsuleSocat, address: forwardPortsTo ?? capsuleAddress, workload });
  }
  if (forwardPortsTo === undefined) return noPorts;
  return new PortForwarding({ command: ['socat'], address: forwardPortsTo, workload });
}
