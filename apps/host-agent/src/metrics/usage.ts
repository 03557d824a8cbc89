/** What a capsule uses of its machine, as its guest sees it. */
export interface Usage {
  /** Of all its processors together: 0 to 100. */
  readonly cpuPct: number;
  /** The total without what is available to programs. */
  readonly memBytes: number;
  readonly memTotalBytes: number;
  readonly diskBytes: number;
  readonly diskTotalBytes: number;
}

/** At one moment, or on average from that moment on. */
export interface Point extends Usage {
  /** In seconds, by the host's clock. */
  readonly at: number;
}
