import type { ExecOptions } from '@wrenn/sdk';

/** A program that takes all of something that a capsule has. */
export interface Runaway {
  readonly what: string;
  readonly command: ExecOptions;
  /** A file of the control group of all users' processes, and whether it says that there is nothing left to take. */
  readonly file: string;
  readonly saysWorst: (text: string) => boolean;
}

/** How often a capsule is asked once the program has taken all that it can get. */
export const roundsAtWorst = 2;

// `tail` keeps the last line, and this one never ends.
const memoryHogs = 'for i in 1 2 3; do while :; do tail /dev/zero; done & done; wait';

export const runaways: readonly Runaway[] = [
  {
    what: 'a fork bomb of a shell',
    command: { cmd: 'bash', args: ['-c', ':(){ :|:& };:; sleep 600'] },
    file: 'pids.current',
    saysWorst: (text) => Number(text) > 500,
  },
  {
    what: 'hogs that take all memory, again and again',
    command: { cmd: 'sh', args: ['-c', memoryHogs] },
    file: 'memory.events',
    saysWorst: (text) => Number(/oom_kill (\d+)/.exec(text)?.[1]) > 1,
  },
  {
    what: 'files that fill what is kept in memory',
    command: {
      cmd: 'sh',
      args: ['-c', 'cat /dev/zero >/dev/shm/all; cat /dev/zero >/tmp/all; sleep 600'],
    },
    file: 'memory.current',
    saysWorst: (text) => Number(text) > 260 * 1024 * 1024,
  },
  {
    what: 'endless loops',
    command: { cmd: 'sh', args: ['-c', 'for i in $(seq 30); do while :; do :; done & done; wait'] },
    file: 'pids.current',
    saysWorst: (text) => Number(text) > 30,
  },
];

/** What is asked of a guest for what a runaway has taken: a command of its own, which has to be started for it. */
export function lookAt(file: string): ExecOptions {
  return { cmd: 'cat', args: [`/sys/fs/cgroup/wrenn/users/${file}`] };
}
