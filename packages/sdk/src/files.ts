import type { Http } from './http.ts';
import type { CallOptions, FileEntry } from './types.ts';
import { answerOf } from './wire.ts';

export interface FileOptions {
  /** As whom; default: the template's user. */
  readonly user?: string;
}

/** What has to be there for a file to be written; else it throws `precondition_failed`. */
export interface WriteOptions extends FileOptions {
  /** The version that is to be replaced, or `*` for any. */
  readonly ifMatch?: string;
  /** `*`: only where nothing is. */
  readonly ifNoneMatch?: string;
}

export type FileContent = string | Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array>;

/**
 * Files in capsules. A relative path starts at the user's home, and so does `~`; what the user may not do is refused.
 */
export class Files {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** What the file holds, as it comes. Throws before its first byte when it is not there. */
  async read(
    capsuleId: string,
    path: string,
    options: FileOptions = {},
    call: CallOptions = {},
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    return (await this.open(capsuleId, path, options, call)).content;
  }

  /** As `read`, with what tells this version from others, for `ifMatch`: files of /proc and the like have no such tag. */
  async open(
    capsuleId: string,
    path: string,
    options: FileOptions = {},
    { signal }: CallOptions = {},
  ): Promise<{
    readonly content: ReadableStream<Uint8Array<ArrayBuffer>>;
    readonly etag: string | undefined;
  }> {
    const response = await this.#http.send({
      method: 'GET',
      path: contentOf(capsuleId, path, options),
      signal,
    });
    const content = response.body ?? new Blob([]).stream();
    return { content, etag: response.headers.get('etag') ?? undefined };
  }

  /** The whole file. */
  async readBytes(
    capsuleId: string,
    path: string,
    options: FileOptions = {},
    call: CallOptions = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await new Response(await this.read(capsuleId, path, options, call)).arrayBuffer());
  }

  /** The whole file as text. */
  async readText(
    capsuleId: string,
    path: string,
    options: FileOptions = {},
    call: CallOptions = {},
  ): Promise<string> {
    return await new Response(await this.read(capsuleId, path, options, call)).text();
  }

  /**
   * Resolves when the file is there whole; until then it is as it was. With what tells this version from others, for
   * `ifMatch`: undefined where the capsule does not say.
   */
  async write(
    capsuleId: string,
    path: string,
    content: FileContent,
    { ifMatch, ifNoneMatch, ...options }: WriteOptions = {},
    { signal }: CallOptions = {},
  ): Promise<{ readonly etag: string | undefined }> {
    const response = await this.#http.send({
      method: 'PUT',
      path: contentOf(capsuleId, path, options),
      stream: content,
      headers: {
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
        ...(ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch }),
      },
      signal,
    });
    return { etag: response.headers.get('etag') ?? undefined };
  }

  /** A folder with all that is in it, as a tar that comes as it is packed. */
  async readFolder(
    capsuleId: string,
    path: string,
    options: FileOptions = {},
    { signal }: CallOptions = {},
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const at = archiveOf(capsuleId, path, options);
    const response = await this.#http.send({ method: 'GET', path: at, signal });
    return response.body ?? new Blob([]).stream();
  }

  /** Unpacks a tar into a folder, which is made if it is not there. */
  async writeFolder(
    capsuleId: string,
    path: string,
    tar: FileContent,
    options: FileOptions = {},
    { signal }: CallOptions = {},
  ): Promise<void> {
    const at = archiveOf(capsuleId, path, options);
    await this.#http.send({ method: 'PUT', path: at, stream: tar, signal });
  }

  async list(
    capsuleId: string,
    path: string,
    options: FileOptions & { readonly depth?: number } = {},
    call: CallOptions = {},
  ): Promise<FileEntry[]> {
    const { entries } = await this.#post<{ entries: FileEntry[] }>(
      capsuleId,
      'list',
      { path, ...options },
      call,
    );
    return entries;
  }

  /** Throws not_found where nothing is. */
  async stat(
    capsuleId: string,
    path: string,
    options: FileOptions = {},
    call: CallOptions = {},
  ): Promise<FileEntry> {
    const { entry } = await this.#post<{ entry: FileEntry }>(capsuleId, 'stat', { path, ...options }, call);
    return entry;
  }

  /** Makes a folder with those above it; throws conflict for one that is there already. */
  async makeDirectory(
    capsuleId: string,
    path: string,
    options: FileOptions = {},
    call: CallOptions = {},
  ): Promise<FileEntry> {
    const { entry } = await this.#post<{ entry: FileEntry }>(capsuleId, 'mkdir', { path, ...options }, call);
    return entry;
  }

  async move(
    capsuleId: string,
    source: string,
    destination: string,
    options: FileOptions = {},
    call: CallOptions = {},
  ): Promise<FileEntry> {
    const body = { source, destination, ...options };
    const { entry } = await this.#post<{ entry: FileEntry }>(capsuleId, 'move', body, call);
    return entry;
  }

  /** A folder with all that is in it. Throws not_found where nothing is. */
  async remove(
    capsuleId: string,
    path: string,
    options: FileOptions = {},
    { signal }: CallOptions = {},
  ): Promise<void> {
    const body = { path, ...options };
    await this.#http.send({ method: 'POST', path: `${filesOf(capsuleId)}/remove`, body, signal });
  }

  async #post<T>(capsuleId: string, name: string, body: object, { signal }: CallOptions): Promise<T> {
    const path = `${filesOf(capsuleId)}/${name}`;
    return answerOf<T>(await this.#http.send({ method: 'POST', path, body, signal }));
  }
}

function filesOf(capsuleId: string): string {
  return `/v1/capsules/${encodeURIComponent(capsuleId)}/files`;
}

function contentOf(capsuleId: string, path: string, options: FileOptions): string {
  return `${filesOf(capsuleId)}/content?${queryOf(path, options)}`;
}

function archiveOf(capsuleId: string, path: string, options: FileOptions): string {
  return `${filesOf(capsuleId)}/archive?${queryOf(path, options)}`;
}

function queryOf(path: string, { user }: FileOptions): URLSearchParams {
  return new URLSearchParams({ path, ...(user === undefined ? {} : { user }) });
}
