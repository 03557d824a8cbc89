import { type ApiFault, asFault } from '#lib/api/fault.ts';
import { bytes as inWords } from '#lib/format/amounts.ts';
import type { Beginning, CapsuleFiles, FileEntry } from './capsule-files.ts';
import { decode } from './decode.ts';
import { imageType } from './image-type.ts';
import { kindOf, whyNotShown } from './kinds.ts';

export type Shown =
  | { readonly kind: 'loading' }
  | { readonly kind: 'fault'; readonly fault: ApiFault }
  | { readonly kind: 'notice'; readonly text: string; readonly canDownload: boolean }
  | { readonly kind: 'image'; readonly url: string }
  | {
      readonly kind: 'text';
      readonly text: string;
      readonly lineBreak: '\n' | '\r\n';
      /** What is left out; such a file is not edited. */
      readonly cut: string | undefined;
    };

export type Conflict = 'changed' | 'gone';

/** Of what is kept beside one file. */
const mostBeside = 50;
const mostTextBytes = 2 * 1024 * 1024;
const mostImageBytes = 20 * 1024 * 1024;

/** A file that is looked at, and what somebody has made of it so far. */
export class OpenFile {
  shown = $state.raw<Shown>({ kind: 'loading' });
  /** Changed here and not saved. */
  isDirty = $state(false);
  isSaving = $state(false);
  saveFault = $state.raw<ApiFault>();
  conflict = $state<Conflict>();
  /** It has changed there since it was read, and not by this page. */
  isOld = $state(false);
  size = $state<number>();
  readonly entry: FileEntry;
  readonly #files: CapsuleFiles;
  readonly #over = new AbortController();
  #etag: string | undefined;

  constructor(files: CapsuleFiles, entry: FileEntry) {
    this.#files = files;
    this.entry = entry;
  }

  /** Never rejects. What was typed and not saved is dropped. */
  async read(): Promise<void> {
    const reason = whyNotShown(kindOf(this.entry));
    this.#forget();
    if (reason !== undefined) {
      this.shown = { kind: 'notice', text: reason, canDownload: false };
      return;
    }
    this.shown = { kind: 'loading' };
    try {
      const image = imageType(this.entry.name);
      const most = image === undefined ? mostTextBytes : mostImageBytes;
      const begun = await this.#files.begin(this.entry.path, most, this.#over.signal);
      this.#etag = begun.etag;
      this.size = begun.size ?? (begun.isWhole ? begun.bytes.length : undefined);
      this.shown = image === undefined ? asText(begun) : asImage(begun, image);
    } catch (thrown) {
      if (!this.#over.signal.aborted) this.shown = { kind: 'fault', fault: asFault(thrown) };
    }
  }

  close(): void {
    this.#over.abort();
    this.#forget();
  }

  /** Looks whether it is still what was read. Never rejects: one that cannot be asked about is not known to differ. */
  async check(): Promise<void> {
    if (this.shown.kind !== 'text' || this.isSaving) return;
    const etag = this.#etag;
    try {
      const version = await this.#files.version(this.entry.path);
      if (this.#etag === etag && !this.isSaving) this.isOld = version !== etag;
    } catch {
      return;
    }
  }

  /**
   * Puts `text` there. `careful` does not where the file is no longer what was read, and says so. Never rejects: what was
   * typed stays, with the fault beside it.
   */
  async save(text: string, how: 'careful' | 'over'): Promise<void> {
    if (this.isSaving) return;
    this.isSaving = true;
    this.saveFault = undefined;
    const { path } = this.entry;
    try {
      if (how === 'careful' && (await this.#isAnother())) return;
      const etag = how === 'careful' ? this.#etag : undefined;
      this.isDirty = false;
      const written = await this.#files.write(path, text, etag === undefined ? {} : { 'if-match': etag });
      this.#etag = written ?? (await this.#files.version(path));
      this.conflict = undefined;
      this.isOld = false;
      this.size = new Blob([text]).size;
    } catch (thrown) {
      this.isDirty = true;
      const fault = asFault(thrown);
      // Between the look and the writing.
      const isConflict = fault.code === 'precondition_failed' && (await this.#isAnother().catch(() => false));
      if (!isConflict) this.saveFault = fault;
    } finally {
      this.isSaving = false;
    }
  }

  /** Whether something else is there than what was read; then that is what is asked about. */
  async #isAnother(): Promise<boolean> {
    const version = await this.#files.version(this.entry.path);
    if (version === this.#etag) return false;
    this.conflict = version === undefined ? 'gone' : 'changed';
    return true;
  }

  /** Keeps what was typed in another file beside it. */
  async saveBeside(text: string): Promise<string | undefined> {
    this.isSaving = true;
    this.saveFault = undefined;
    try {
      const path = await this.#writeBeside(text);
      this.isDirty = false;
      return path;
    } catch (thrown) {
      this.saveFault = asFault(thrown);
      return undefined;
    } finally {
      this.isSaving = false;
    }
  }

  /** What was kept before stays: it is as much somebody's work. */
  async #writeBeside(text: string): Promise<string> {
    for (let count = 1; ; count++) {
      const path = `${this.entry.path}.mine${count === 1 ? '' : `-${count}`}`;
      try {
        await this.#files.write(path, text, { 'if-none-match': '*' });
        return path;
      } catch (thrown) {
        if (asFault(thrown).code !== 'precondition_failed' || count === mostBeside) throw thrown;
      }
    }
  }

  #forget(): void {
    if (this.shown.kind === 'image') URL.revokeObjectURL(this.shown.url);
    this.isDirty = false;
    this.isOld = false;
    this.conflict = undefined;
    this.saveFault = undefined;
  }
}

function asText({ bytes, isWhole, size }: Beginning): Shown {
  const decoded = decode(bytes, isWhole);
  if (decoded.kind === 'binary') {
    const all = size ?? (isWhole ? bytes.length : undefined);
    const text = `This file is binary${all === undefined ? '' : `, of ${inWords(all)}`}, and is not shown as text.`;
    return { kind: 'notice', text, canDownload: true };
  }
  const whole = size === undefined ? 'a file without an end' : inWords(size);
  const cut = isWhole ? undefined : `Shown: the first ${inWords(bytes.length)} of ${whole}.`;
  return { kind: 'text', text: decoded.text, lineBreak: decoded.lineBreak, cut };
}

function asImage({ bytes, isWhole, size }: Beginning, type: string): Shown {
  if (isWhole) return { kind: 'image', url: URL.createObjectURL(new Blob([bytes], { type })) };
  const text = `This picture of ${inWords(size ?? bytes.length)} is too large to be shown here.`;
  return { kind: 'notice', text, canDownload: true };
}
