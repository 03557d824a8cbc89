/** Work that goes on while the server runs. */
export interface Worker {
  readonly name: string;
  /** Returns or throws when the signal aborts; what it throws before is logged, and it is run again. */
  run(signal: AbortSignal): Promise<void>;
}
