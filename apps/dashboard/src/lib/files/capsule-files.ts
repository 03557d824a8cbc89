import { answered, type Schemas } from '#lib/api/client.ts';
import { patientFetch } from '#lib/api/patient-fetch.ts';

export type FileEntry = Schemas['FileEntry'];

/** What was read of a file: all of it, or its beginning. */
export interface Beginning {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of the whole file; undefined where it does not say so, as those of /proc. */
  readonly size: number | undefined;
  readonly isWhole: boolean;
  /** Tells this version from others. */
  readonly etag: string | undefined;
}

/** What has to be there for a file to be written. */
export type WriteCondition =
  | { readonly 'if-match': string }
  | { readonly 'if-none-match': '*' }
  | Readonly<Record<string, never>>;

/** The files of a capsule as one of its users sees them; `base` is its path in the API. */
export class CapsuleFiles {
  readonly user: string;
  readonly #files: string;

  constructor(base: string, user: string) {
    this.#files = `${base}/files`;
    this.user = user;
  }

  async list(path: string, signal?: AbortSignal): Promise<readonly FileEntry[]> {
    const { entries } = await this.#post<{ entries: FileEntry[] }>('list', { path }, signal);
    return entries;
  }

  async stat(path: string, signal?: AbortSignal): Promise<FileEntry> {
    return (await this.#post<{ entry: FileEntry }>('stat', { path }, signal)).entry;
  }

  async makeFolder(path: string): Promise<FileEntry> {
    return (await this.#post<{ entry: FileEntry }>('mkdir', { path })).entry;
  }

  async move(source: string, destination: string): Promise<FileEntry> {
    return (await this.#post<{ entry: FileEntry }>('move', { source, destination })).entry;
  }

  async remove(path: string, signal?: AbortSignal): Promise<void> {
    await this.#post('remove', { path }, signal);
  }

  /** Of its content, to be read and to be written. */
  contentUrl(path: string): string {
    return `${this.#files}/content?${this.#query(path)}`;
  }

  /** Of a folder as tar. */
  archiveUrl(path: string): string {
    return `${this.#files}/archive?${this.#query(path)}`;
  }

  /** Of the socket that tells what happens in a folder. */
  watchUrl(path: string): string {
    return `${location.origin.replace(/^http/, 'ws')}${this.#files}/watch?${this.#query(path)}`;
  }

  /** Its first bytes, `most` at the most; the rest is not fetched. */
  async begin(path: string, most: number, signal?: AbortSignal): Promise<Beginning> {
    const response = await this.#fetch(this.contentUrl(path), signal === undefined ? {} : { signal });
    const length = response.headers.get('content-length');
    const { bytes, isWhole } = await firstBytes(response.body, most);
    const size = length === null || (Number(length) === 0 && bytes.length > 0) ? undefined : Number(length);
    return { bytes, size, isWhole, etag: response.headers.get('etag') ?? undefined };
  }

  /** The version that is there now; undefined where nothing is. */
  async version(path: string): Promise<string | undefined> {
    const response = await patientFetch(this.contentUrl(path), { method: 'HEAD' });
    if (response.status === 404) return undefined;
    await answered(Promise.resolve({ response, error: undefined }));
    return response.headers.get('etag') ?? undefined;
  }

  /**
   * Returns the version that it made, where the capsule says. Throws `precondition_failed` where something else is there
   * than `condition` wants; a capsule of before that could be asked does not look.
   */
  async write(
    path: string,
    content: Blob | string,
    condition: WriteCondition = {},
  ): Promise<string | undefined> {
    const init = { method: 'PUT', body: content, headers: { ...condition } };
    const response = await this.#fetch(this.contentUrl(path), init);
    return response.headers.get('etag') ?? undefined;
  }

  async #post<Body>(name: string, body: object, signal?: AbortSignal): Promise<Body> {
    const asked = { ...body, user: this.user };
    const response = await this.#fetch(`${this.#files}/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(asked),
      ...(signal === undefined ? {} : { signal }),
    });
    return response.status === 204 ? (undefined as Body) : await response.json();
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    return await answered(answerTo(url, init));
  }

  #query(path: string): URLSearchParams {
    return new URLSearchParams({ path, user: this.user });
  }
}

/** As the typed client has answers, with the answer itself for data. */
async function answerTo(url: string, init: RequestInit) {
  const response = await patientFetch(url, init);
  if (response.ok) return { data: response, response };
  return { error: await response.json().catch(() => undefined), response };
}

async function firstBytes(body: ReadableStream<Uint8Array<ArrayBuffer>> | null, most: number) {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const reader = body?.getReader();
  let isWhole = true;
  for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read()) {
    if (length + read.value.length > most) {
      pieces.push(read.value.slice(0, most - length));
      length = most;
      isWhole = false;
      break;
    }
    pieces.push(read.value);
    length += read.value.length;
  }
  await reader?.cancel();
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return { bytes, isWhole };
}
