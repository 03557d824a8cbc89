/** What a promise may need that not every subject has. */
export type Need = 'guest' | 'readable memory';

/** An engine on this machine, or why it cannot be here. */
export interface ConformanceSubject {
  readonly name: string;
  /** Why none of the promises can be tried; undefined when they can. */
  readonly missing: string | undefined;
  /** What promises are skipped for, and why. */
  readonly lacks: Partial<Readonly<Record<Need, string>>>;
  open(): Promise<ConformanceHost>;
}

/** A host that runs machines of one template with the engine. */
export interface ConformanceHost extends AsyncDisposable {
  /** Everything that its machines have is below it; each of its processes names it in its arguments. */
  readonly directory: string;
  readonly memoryBytes: number;
  readonly capabilities: EngineCapabilities;
  /** What was booted and frozen. */
  readonly template: StartPoint;
  /** Gives back what it took of the host when the start fails. */
  start(from: StartPoint, signal: AbortSignal): Promise<RunningMachine>;
  /** Finds the machine as an agent does that was started again; the one before has let go of it. */
  adopt(record: ConformingRecord): Promise<ConformingMachine | undefined>;
}

/** In words, as a table shows them. */
export interface EngineCapabilities {
  readonly snapshot: string;
  readonly diff: string;
  readonly 'live checkpoint': string;
  readonly 'lazy memory': string;
  readonly metadata: string;
  readonly balloon: string;
  readonly 'rate limits': string;
  readonly 'disk method': string;
  readonly isolation: string;
}

export interface MemoryRange {
  readonly offset: number;
  readonly length: number;
  readonly content: 'zero' | { readonly path: string; readonly offset: number };
}

export interface StartPoint {
  readonly snapshot: {
    readonly build: string;
    readonly memory: { readonly base: string; readonly changes: readonly MemoryRange[] };
    readonly deviceState: string;
    readonly workingSet: string | undefined;
  };
  readonly disk: string;
}

export interface ConformingRecord {
  readonly pid: number;
  readonly startTicks: number;
  readonly controlSocket: string;
}

/** What the promises are about; the agent's own machine satisfies it. */
export interface ConformingMachine {
  readonly record: ConformingRecord;
  readonly build: string;
  readonly exited: Promise<void>;
  readonly unwritten: 'base' | 'start';
  readonly workingSet: string | undefined;
  stop(signal: AbortSignal): Promise<void>;
  go(signal: AbortSignal): Promise<void>;
  isRunning(signal: AbortSignal): Promise<boolean>;
  saveState(path: string, signal: AbortSignal): Promise<void>;
  switchDisk(disk: string, signal: AbortSignal): Promise<void>;
  writtenPages(signal: AbortSignal): AsyncIterable<{ readonly offset: number; readonly bytes: Buffer }>;
  kill(): Promise<void>;
}

export interface RunningMachine {
  readonly machine: ConformingMachine;
  readonly guest: ConformingGuest;
  readonly slot: {
    readonly index: number;
    readonly uid: number;
    readonly gid: number;
    readonly namespace: string;
  };
  readonly directory: string;
  /** Of its cgroup; empty where the host has none. */
  readonly procsFiles: readonly string[];
  readonly from: StartPoint;
  /** Of a stopped guest, which `machine` commands: the path of a disk with all that it wrote, which is never written to again. */
  sealDisk(machine: ConformingMachine): Promise<string>;
  /** Lets go of the machine as an agent does that ends: it goes on. */
  letGo(): Promise<void>;
  /** Ends it, and gives back what it had. */
  end(): Promise<void>;
}

export const markers = ['first', 'second', 'third'] as const;
export type Marker = (typeof markers)[number];

/** What is in the machine: programs, or what stands for them. */
export interface ConformingGuest {
  /** Into memory. */
  put(marker: Marker, text: string): Promise<void>;
  /** Empty for one that was never put. */
  get(marker: Marker): Promise<string>;
  /** Fills some MiB of memory with random bytes. */
  fill(): Promise<void>;
  /** Makes them zeros. */
  clear(): Promise<void>;
  /** Adds up what is there. */
  sum(): Promise<string>;
  /** To the disk, for good. */
  writeDisk(text: string): Promise<void>;
  /** From the disk itself, not from memory. */
  readDisk(): Promise<string>;
  /** Starts a program that counts in memory. */
  startCounting(): Promise<void>;
  count(): Promise<number>;
  /** SHA-256 of all of its memory as the host sees it, of a guest that stands still; in hexadecimal. */
  memorySum(): Promise<string>;
}
