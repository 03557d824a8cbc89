import { ApiFault, asFault } from '#lib/api/fault.ts';
import type { CapsuleFiles } from './capsule-files.ts';
import type { Dropped } from './dropped-files.ts';
import { join } from './paths.ts';
import { sendFile } from './send-file.ts';

/** As many at once as keep a connection busy. */
const atOnce = 3;
/** So many faults are shown; of the others there is their number. */
const mostFaults = 100;

/** One on its way. */
export class Upload {
  readonly path: string;
  readonly size: number;
  sent = $state(0);
  readonly #over = new AbortController();

  constructor(path: string, size: number) {
    this.path = path;
    this.size = size;
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  cancel(): void {
    this.#over.abort();
  }
}

export interface FailedUpload {
  readonly path: string;
  readonly fault: ApiFault;
  /** Tries it again; there is none for what could not be read here. */
  readonly retry: (() => void) | undefined;
}

/** What is being sent into a folder, however much it is: what waits is not looked at yet. */
export class Uploads {
  active = $state.raw<readonly Upload[]>([]);
  failed = $state.raw<readonly FailedUpload[]>([]);
  failedCount = $state(0);
  cancelledCount = $state(0);
  doneCount = $state(0);
  doneBytes = $state(0);
  /** Sources that are not at their end. */
  #sources = $state(0);
  #over = new AbortController();
  readonly #onDone: () => void;

  constructor(onDone: () => void) {
    this.#onDone = onDone;
  }

  get isRunning(): boolean {
    return this.#sources > 0;
  }

  get isEmpty(): boolean {
    return !this.isRunning && this.failedCount + this.doneCount + this.cancelledCount === 0;
  }

  /** Sends all that comes, into `folder`. Never rejects: what fails is listed. */
  async send(files: CapsuleFiles, folder: string, source: AsyncGenerator<Dropped, void>): Promise<void> {
    const over = this.#over;
    this.#sources += 1;
    const worker = async () => {
      for await (const dropped of source) {
        if (over.signal.aborted) break;
        await this.#one(files, folder, dropped);
      }
    };
    try {
      await Promise.all(Array.from({ length: atOnce }, worker));
    } catch (thrown) {
      this.#fail({ path: folder, fault: asFault(thrown), retry: undefined });
    } finally {
      this.#sources -= 1;
      this.#onDone();
    }
  }

  cancelAll(): void {
    this.#over.abort();
    this.#over = new AbortController();
    for (const upload of this.active) upload.cancel();
  }

  /** Forgets what is over. */
  clear(): void {
    this.failed = [];
    this.failedCount = 0;
    this.cancelledCount = 0;
    this.doneCount = 0;
    this.doneBytes = 0;
  }

  async #one(files: CapsuleFiles, folder: string, dropped: Dropped): Promise<void> {
    const path = join(folder, dropped.path);
    const again = () => void this.#again(files, folder, dropped);
    if (dropped.kind === 'unreadable') {
      return this.#fail({ path, fault: asFault(dropped.reason), retry: undefined });
    }
    const upload = new Upload(path, dropped.kind === 'file' ? dropped.file.size : 0);
    this.active = [...this.active, upload];
    try {
      if (dropped.kind === 'folder') await made(files, path);
      else
        await sendFile(files.contentUrl(path), dropped.file, (sent) => (upload.sent = sent), upload.signal);
      this.doneCount += 1;
      this.doneBytes += upload.size;
    } catch (thrown) {
      if (upload.signal.aborted) this.cancelledCount += 1;
      else this.#fail({ path, fault: asFault(thrown), retry: again });
    } finally {
      this.active = this.active.filter((each) => each !== upload);
    }
  }

  async #again(files: CapsuleFiles, folder: string, dropped: Dropped): Promise<void> {
    const path = join(folder, dropped.path);
    this.failed = this.failed.filter((failed) => failed.path !== path);
    this.failedCount -= 1;
    await this.send(files, folder, only(dropped));
  }

  #fail(failed: FailedUpload): void {
    this.failedCount += 1;
    this.failed = [...this.failed, failed].slice(0, mostFaults);
  }
}

async function* only(dropped: Dropped): AsyncGenerator<Dropped, void> {
  yield dropped;
}

/** One that is there already is as good as made. */
async function made(files: CapsuleFiles, path: string): Promise<void> {
  try {
    await files.makeFolder(path);
  } catch (thrown) {
    if (!(thrown instanceof ApiFault && thrown.code === 'conflict')) throw thrown;
  }
}
