import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { WrennError } from '@wrenn/core';
import { queryOf } from '../access/signature.ts';
import { checkMetadata, type Metadata } from '../filesystem/metadata.ts';
import { resolveUserPath } from '../filesystem/user-path.ts';
import type { Daemon } from '../guest/daemon.ts';
import { replyJson } from '../http/reply.ts';
import type { Account } from '../users/accounts.ts';
import { Draft } from './draft.ts';
import { boundaryOf, readParts } from './multipart.ts';
import { requestedFile } from './requested-file.ts';
import { locateTarget, type Target, versionAt } from './target.ts';
import { bodyFault, receiveBody } from './upload-body.ts';
import { mayWrite } from './validators.ts';
import { type WrittenFile, writtenFile } from './written-file.ts';

const metadataPrefix = 'x-metadata-';

/**
 * `POST /files`: a form with one or many files, or one file as the body itself. All of it has come before any file is
 * replaced; a fault until then leaves everything as it was. `If-Match` and `If-None-Match` are looked at before anything
 * is read, and once more before the first file is replaced. The answer for one file has its `ETag`.
 */
export async function upload(
  daemon: Daemon,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const query = queryOf(request);
  const { account, path } = requestedFile(daemon, query);
  const named = query.get('path') ? path : undefined;
  const type = request.headers['content-type'] ?? '';
  const files = new PendingFiles(account, metadataIn(request), request.headers);
  try {
    const body = receiveBody(request);
    try {
      if (/^application\/octet-stream\s*(;|$)/i.test(type)) await receiveOne(body, named, files);
      else if (/^multipart\/form-data\s*(;|$)/i.test(type))
        await receiveForm(body, type, named, account, files);
      else throw unknownType(type);
    } catch (thrown) {
      throw bodyFault(thrown);
    } finally {
      body.destroy();
    }
    const { written, etag } = await files.commit();
    if (etag !== undefined) response.setHeader('etag', etag);
    replyJson(response, 200, written);
  } finally {
    await files.discard();
  }
}

async function receiveOne(body: AsyncIterable<Buffer>, named: string | undefined, files: PendingFiles) {
  if (named === undefined) {
    throw new WrennError('invalid_request', 'path: is needed with application/octet-stream', {
      field: 'path',
    });
  }
  await files.receive(named, body);
}

/** Fields other than `file` mean nothing here. */
async function receiveForm(
  body: AsyncIterable<Buffer>,
  type: string,
  named: string | undefined,
  account: Account,
  files: PendingFiles,
) {
  for await (const { name, filename, content } of readParts(body, boundaryOf(type))) {
    // A form can have thousands of parts, and they may all be here already.
    await turn();
    if (name !== 'file') continue;
    if (named !== undefined && files.count > 0) {
      throw new WrennError('invalid_request', 'path: names one file, and the form has several', {
        field: 'path',
      });
    }
    if (named === undefined && (filename === undefined || filename === '')) {
      throw new WrennError('invalid_request', 'a file of the form has no name, and no path is given', {
        field: 'path',
      });
    }
    await files.receive(named ?? resolveUserPath(filename ?? '', account, undefined, 'filename'), content);
  }
  if (files.count === 0) throw new WrennError('invalid_request', "the form has no part named 'file'");
}

/** The files of one request, whole but not in their places yet. Between two of them everybody else has a turn. */
class PendingFiles {
  readonly #account: Account;
  readonly #metadata: Metadata;
  readonly #conditions: IncomingHttpHeaders;
  readonly #drafts: Draft[] = [];
  readonly #taken = new Set<string>();

  constructor(account: Account, metadata: Metadata, conditions: IncomingHttpHeaders) {
    this.#account = account;
    this.#metadata = metadata;
    this.#conditions = conditions;
  }

  get count(): number {
    return this.#drafts.length;
  }

  async receive(path: string, content: AsyncIterable<Buffer>): Promise<void> {
    const target = locateTarget(path, this.#account);
    if (this.#taken.has(target.realPath)) {
      throw new WrennError('invalid_request', `path '${path}' is given twice`, { field: 'path' });
    }
    this.#taken.add(target.realPath);
    this.#checkConditions(target);
    const draft = Draft.open(target, this.#account);
    this.#drafts.push(draft);
    await draft.fill(content, 'give-back');
    draft.seal(this.#metadata);
  }

  /** With the tag of a file that is the only one. */
  async commit(): Promise<{ readonly written: WrittenFile[]; readonly etag: string | undefined }> {
    const etags: (string | undefined)[] = [];
    await turn();
    for (const { target } of this.#drafts) this.#checkConditions(target);
    for (const draft of this.#drafts) {
      // Between the look at a single file and its replacement nobody else has a turn.
      if (etags.length > 0) await turn();
      etags.push((await draft.commit())?.etag);
    }
    const written = this.#drafts.map(({ target: { path } }) => writtenFile(path, this.#metadata));
    return { written, etag: etags.length === 1 ? etags[0] : undefined };
  }

  #checkConditions(target: Target): void {
    const { 'if-match': match, 'if-none-match': noneMatch } = this.#conditions;
    if (match === undefined && noneMatch === undefined) return;
    if (mayWrite(this.#conditions, versionAt(target, this.#account))) return;
    throw new WrennError('precondition_failed', `path '${target.path}' is another version`, {
      field: match === undefined ? 'if-none-match' : 'if-match',
      remedy: 'read it again',
    });
  }

  async discard(): Promise<void> {
    for (const draft of this.#drafts) {
      await turn();
      draft[Symbol.dispose]();
    }
  }
}

/** Of a header that is sent twice, the first counts. Throws `invalid_request`. */
function metadataIn({ headersDistinct }: IncomingMessage): Metadata {
  const metadata = Object.fromEntries(
    Object.entries(headersDistinct).flatMap(([name, values]) =>
      name.startsWith(metadataPrefix) ? [[name.slice(metadataPrefix.length), values?.[0] ?? '']] : [],
    ),
  );
  checkMetadata(metadata);
  return metadata;
}

function unknownType(type: string): WrennError {
  return new WrennError('invalid_request', `a body of the type ${JSON.stringify(type)} is no upload`, {
    field: 'content-type',
    remedy: 'send multipart/form-data, or application/octet-stream with a path',
  });
}
