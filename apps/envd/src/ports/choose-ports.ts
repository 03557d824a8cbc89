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

export interface PortsAndWorkload {
  readonly ports: PortSubsystem;
  /** The workload that was given, which now wakes the ports. */
  readonly workload: Workload;
}

/** In a capsule its ports are forwarded; alone only where that is asked for, by the socat of the machine. */
export function choosePorts(
  { mode, forwardPortsTo }: Pick<Flags, 'mode' | 'forwardPortsTo'>,
  workload: Workload,
): PortsAndWorkload {
  if (mode === 'standalone' && forwardPortsTo === undefined) return { ports: noPorts, workload };
  const ports = new PortForwarding({
    command: mode === 'capsule' ? capsuleSocat : ['socat'],
    address: forwardPortsTo ?? capsuleAddress,
    workload,
  });
  return { ports, workload: waking(ports, workload) };
}

/** Only what users start can open a port. */
function waking(ports: PortForwarding, workload: Workload): Workload {
  return {
    start: (spawn) => workload.start(spawn),
    adopt(pid, kind) {
      ports.wake();
      return workload.adopt(pid, kind);
    },
    freeze: () => workload.freeze(),
    thaw: () => workload.thaw(),
    get isPopulated() {
      return workload.isPopulated;
    },
  };
}
