/** What a process is, which decides its share of the machine. */
export type WorkloadKind = 'command' | 'terminal' | 'forwarder';

/** The place of one started process and of everything that it starts. */
export interface Placement {
  /** Kills all that is in it, sessions and daemons of their own included. False where there are no such places. */
  killAll(): boolean;
  /** The process has ended. What it left behind stays where it is; the place goes with the last of it. */
  release(): void;
}

/**
 * Where the processes of users run: apart from the daemon and from each other, so that one that takes all processor
 * time, memory or process IDs cannot take the daemon's, nor those of a command started next.
 */
export interface Workload {
  /** Runs `spawn`, which starts a process that is to inherit nothing of what puts the daemon before others. */
  start<T>(spawn: () => T): T;
  /** Places a process that was started just now, in the same turn of the event loop, and whatever it has forked. */
  adopt(pid: number, kind: WorkloadKind): Placement;
  /** Settles when every process of users stands still. Throws `deadline_exceeded` with all of them running again. */
  freeze(): Promise<void>;
  /** Lets them run. Nothing happens when they do. */
  thaw(): void;
  /** False when certainly no process of a user exists, so that nothing of theirs can change. */
  readonly isPopulated: boolean;
}

/** On a developer's own machine, and where there are no control groups: processes are where they were started. */
export const unplaced: Workload = {
  start: (spawn) => spawn(),
  adopt: () => ({ killAll: () => false, release: () => undefined }),
  freeze: async () => undefined,
  thaw: () => undefined,
  isPopulated: true,
};
