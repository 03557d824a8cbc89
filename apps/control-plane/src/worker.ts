/** Work that goes on while the server runs. */
export interface Worker {
  readonly name: string;
  /** Returns or throws when the signal aborts; what it throws before is logged, and it is run again. */
  run(signal: AbortSignal): Promise<void>;
}

/** One that looks at things every now and then, and sooner when somebody asks for it. */
export interface Watcher extends Worker {
  /** Whether this process has looked, or left it to another replica, at all yet. */
  readonly hasLooked: boolean;
  /** Asks for a look soon. */
  poke(): void;
  /** Looks at everything once; does nothing when another replica is at it. */
  pass(signal: AbortSignal): Promise<void>;
}
