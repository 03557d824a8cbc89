const mebibyte = 1024 * 1024;

/** What of the machine its limits follow from. */
export interface MachineSize {
  readonly memoryBytes: number;
  /** The most processes and threads that the kernel lets exist. */
  readonly threads: number;
}

/** Files of a control group and what is written into them. */
export type Limits = Readonly<Record<string, string>>;

export interface GroupLimits {
  /** Below the folder of all of the daemon's groups. */
  readonly path: string;
  readonly limits: Limits;
}

/** What the daemon has resident with its code's page cache (77 MiB when it idles), and room to work. */
const daemonBytes = 96 * mebibyte;
/**
 * What the kernel takes and charges to no group: 25 MiB when a machine of 512 MiB idles, and 13 KiB for each process.
 * When users may have so much that nothing is left for it, it looks for pages to take back in everything that anybody
 * allocates, which stops a machine for minutes before it kills.
 */
const kernelBytes = 32 * mebibyte;
/**
 * Four times what all users together have. Much more, and the daemon would be woken for each page that a process
 * writes: with 10000 output came in pieces of 4 KiB, at an eighth of the speed.
 */
const daemonCpuWeight = '400';
const forwarderMinBytes = 5 * mebibyte;
const forwarderLowBytes = 8 * mebibyte;

/**
 * The groups that stand as long as the machine, parents first. Memory that is guaranteed must be guaranteed to every
 * group above too.
 *
 * `memory.high` is not used: above it the kernel makes each allocation of the group wait, by up to two seconds, those
 * of a command that was started just now too.
 */
export function groupLimits(machine: MachineSize): readonly GroupLimits[] {
  const daemon = daemonMinBytes(machine);
  const users = usersLimits(machine);
  return [
    {
      path: '.',
      limits: {
        'memory.min': String(daemon + forwarderMinBytes),
        'memory.low': String(daemon + forwarderLowBytes),
      },
    },
    { path: 'daemon', limits: { 'memory.min': String(daemon), 'cpu.weight': daemonCpuWeight } },
    {
      path: 'forwarders',
      limits: {
        'memory.min': String(forwarderMinBytes),
        'memory.low': String(forwarderLowBytes),
        'memory.max': String(Math.floor(machine.memoryBytes / 8)),
        'pids.max': String(Math.floor(machine.threads / 8)),
        'cpu.weight': '150',
      },
    },
    {
      path: 'users',
      limits: { 'memory.max': String(users.memoryBytes), 'pids.max': String(users.threads) },
    },
    { path: 'users/terminals', limits: { 'cpu.weight': '200' } },
    { path: 'users/commands', limits: { 'cpu.weight': '50' } },
  ];
}

/**
 * The most that one process with all that it starts may have: less than all users together, so that it meets its own
 * limit first, is what the kernel kills from, and leaves enough for the next command to start.
 */
export function leafLimits(machine: MachineSize): Limits {
  const { memoryBytes, threads } = usersLimits(machine);
  return {
    'memory.max': String(Math.floor((memoryBytes / 16) * 15)),
    'pids.max': String(Math.floor(threads / 2)),
  };
}

/** No more than a quarter of a small machine. */
function daemonMinBytes({ memoryBytes }: MachineSize): number {
  return Math.min(daemonBytes, Math.floor(memoryBytes / 4));
}

function usersLimits(machine: MachineSize): { readonly memoryBytes: number; readonly threads: number } {
  const { memoryBytes, threads } = machine;
  const kept = Math.max(
    Math.min(Math.floor(memoryBytes / 8), 128 * mebibyte),
    daemonMinBytes(machine) + kernelBytes,
  );
  // The kernel's own bound would let them take all memory by being so many, a quarter of a MiB for each.
  return { memoryBytes: memoryBytes - kept, threads: Math.floor(threads / 3) };
}
