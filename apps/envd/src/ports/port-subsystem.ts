/** Makes what listens on the machine's loopback addresses reachable on its own address. */
export interface PortSubsystem {
  /** Does nothing when it runs. */
  start(): void;
  /**
   * Settles when no process and no socket of it is left; they are told to end before it returns. Does nothing when it
   * does not run. Throws `deadline_exceeded` when a process does not end.
   */
  stop(): Promise<void>;
}

/** On a developer's own machine: whoever can reach the daemon can reach the ports. */
export const noPorts: PortSubsystem = { start: () => undefined, stop: async () => undefined };
