import { SvelteSet } from 'svelte/reactivity';
import { type ApiFault, asFault } from '#lib/api/fault.ts';
import type { CapsuleFiles, FileEntry } from './capsule-files.ts';
import { FolderWatch } from './folder-watch.svelte.ts';

/** Between the end of a read and the next one that nobody asked for: a folder that changes all the time is no load. */
const restMs = 1_000;

/** A folder of a capsule, as it is now. */
export class FolderView {
  /** Absolute, once it is known. */
  path = $state<string>();
  entries = $state.raw<readonly FileEntry[]>();
  fault = $state.raw<ApiFault>();
  isBusy = $state(false);
  readonly selected = new SvelteSet<string>();
  watch = $state.raw<FolderWatch>();
  readonly files: CapsuleFiles;
  readonly #asked: string;
  readonly #over = new AbortController();
  #again: 'no' | 'wanted' = 'no';
  #readAt = 0;
  #resting: ReturnType<typeof setTimeout> | undefined;

  constructor(files: CapsuleFiles, path: string) {
    this.files = files;
    this.#asked = path;
  }

  /** Reads it, and follows what happens in it until it is closed. */
  open(): void {
    void this.read().then(() => {
      if (this.path === undefined || this.#over.signal.aborted) return;
      this.watch = new FolderWatch(this.files, this.path, () => this.#reread());
    });
  }

  close(): void {
    this.#over.abort();
    clearTimeout(this.#resting);
    this.watch?.close();
  }

  /** Never rejects. One read at a time: whoever asks meanwhile gets another one after it. */
  async read(): Promise<void> {
    if (this.isBusy) {
      this.#again = 'wanted';
      return;
    }
    this.isBusy = true;
    const { signal } = this.#over;
    try {
      do {
        this.#again = 'no';
        this.path ??= (await this.files.stat(this.#asked, signal)).path;
        this.entries = await this.files.list(this.path, signal);
        this.fault = undefined;
        this.#forgetGone();
      } while (this.#isWantedAgain());
    } catch (thrown) {
      if (!signal.aborted) this.fault = asFault(thrown);
    } finally {
      this.isBusy = false;
      this.#readAt = Date.now();
    }
  }

  get chosen(): readonly FileEntry[] {
    return (this.entries ?? []).filter(({ name }) => this.selected.has(name));
  }

  #isWantedAgain(): boolean {
    return this.#again === 'wanted';
  }

  #reread(): void {
    this.#resting ??= setTimeout(
      () => {
        this.#resting = undefined;
        void this.read();
      },
      Math.max(0, this.#readAt + restMs - Date.now()),
    );
  }

  #forgetGone(): void {
    const names = new Set(this.entries?.map(({ name }) => name));
    for (const name of this.selected) if (!names.has(name)) this.selected.delete(name);
  }
}
