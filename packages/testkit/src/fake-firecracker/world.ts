import type { BootSource, SavedState } from './bodies.ts';

/** What a machine does to the host. Each fails with an Error that says why. */
export interface World {
  openFile(path: string, access: 'read' | 'write'): void;
  openLog(path: string): void;
  openSerial(path: string): void;
  openInterface(name: string): void;
  boot(options: BootOptions): Promise<void>;
  load(options: LoadOptions): Promise<void>;
  saveMemory(path: string, type: 'Full' | 'Diff'): Promise<void>;
  writeState(path: string, state: SavedState): void;
  readState(path: string): SavedState;
}

/** Whether it is noted which pages are written. */
export type Tracking = 'tracked' | 'untracked';

export interface BootOptions {
  readonly memoryMiB: number;
  readonly tracking: Tracking;
  readonly source: BootSource;
}

export interface LoadOptions {
  readonly memoryMiB: number;
  readonly tracking: Tracking;
  readonly backend: { readonly backend_type: 'File' | 'Uffd'; readonly backend_path: string };
}
