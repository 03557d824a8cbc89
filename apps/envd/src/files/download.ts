import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { queryOf } from '../access/signature.ts';
import { fileFault } from '../filesystem/file-fault.ts';
import type { Daemon } from '../guest/daemon.ts';
import { replyStatus } from '../http/reply.ts';
import { parseRange } from './byte-range.ts';
import { contentHeaders } from './content-headers.ts';
import { readFully } from './descriptors.ts';
import { chooseEncoding, noEncodingMessage } from './encoding.ts';
import { type OpenFile, openForReading } from './open-file.ts';
import { requestedFile } from './requested-file.ts';
import { sendCompressed, sendSpan } from './send-file.ts';
import { checkConditions, rangeApplies, type Validators, validatorsOf } from './validators.ts';

const compress = promisify(gzip);

/** Up to this size a file is read before anything of it is sent. */
const heldBytes = 256 * 1024;

/**
 * What a file holds. Those of the kernel's own file systems say another size than they have, mostly none, and have no
 * version to tell: a small one is read to learn its size, and of a large one only the end tells.
 */
type Content =
  | { readonly kind: 'held'; readonly bytes: Buffer; readonly validators: Validators | undefined }
  | { readonly kind: 'sized'; readonly length: number; readonly validators: Validators }
  | { readonly kind: 'unsized'; readonly validators: undefined };

/** `GET /files` and `HEAD`: the file, or part of it, under the conditions of the request. */
export async function download(
  daemon: Daemon,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { path, account } = requestedFile(daemon, queryOf(request));
  using file = openForReading(path, account);
  const own = contentHeaders(path);
  const encoding = chooseEncoding(request, own['content-type']);
  if (encoding === undefined) return replyStatus(response, 406, noEncodingMessage);
  const content = await contentOf(file, path);
  const { validators } = content;
  const caching = { 'cache-control': 'private, no-cache', vary: 'Accept-Encoding', ...validators };
  const outcome = validators === undefined ? 'send' : checkConditions(request.headers, validators);
  if (outcome === 'failed') return replyStatus(response, 412, `path '${path}' is another version`);
  if (outcome === 'not-modified') {
    response.writeHead(304, caching).end();
    return;
  }
  const headers = { ...caching, ...own };
  if (encoding === 'identity') await sendPlain(file.fd, content, headers, request, response);
  else await sendGzip(file.fd, content, headers, request, response);
}

async function contentOf({ fd, stats }: OpenFile, path: string): Promise<Content> {
  const size = Number(stats.size);
  if (size > heldBytes) return { kind: 'sized', length: size, validators: validatorsOf(stats) };
  const buffer = Buffer.allocUnsafe(size === 0 ? heldBytes : size);
  try {
    const length = await readFully(fd, buffer, 0);
    if (size === 0 && length === buffer.length) return { kind: 'unsized', validators: undefined };
    const validators = length === size ? validatorsOf(stats) : undefined;
    return { kind: 'held', bytes: buffer.subarray(0, length), validators };
  } catch (thrown) {
    throw fileFault(thrown, path);
  }
}

type Headers = Readonly<Record<string, string | number>>;

async function sendPlain(
  fd: number,
  content: Content,
  headers: Headers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (content.kind === 'unsized') {
    response.writeHead(200, headers);
    if (request.method === 'HEAD') response.end();
    else await sendSpan(fd, { start: 0, length: Number.POSITIVE_INFINITY }, response);
    return;
  }
  const size = content.kind === 'held' ? content.bytes.length : content.length;
  const range = rangeOf(request, content.validators, size);
  if (range === 'unsatisfiable') {
    response.setHeader('content-range', `bytes */${size}`);
    return replyStatus(response, 416, `the file has ${size} bytes`);
  }
  const { start, end } = range === 'whole' ? { start: 0, end: size - 1 } : range;
  const length = end - start + 1;
  response.writeHead(range === 'whole' ? 200 : 206, {
    ...headers,
    'accept-ranges': 'bytes',
    'content-length': length,
    ...(range === 'whole' ? {} : { 'content-range': `bytes ${start}-${end}/${size}` }),
  });
  if (request.method === 'HEAD') response.end();
  else if (content.kind === 'held') response.end(content.bytes.subarray(start, end + 1));
  else await sendSpan(fd, { start, length }, response);
}

/** Without validators nobody can know that two parts belong together: then it is all or nothing. */
function rangeOf(request: IncomingMessage, validators: Validators | undefined, size: number) {
  const { range } = request.headers;
  if (request.method === 'HEAD' || validators === undefined) return 'whole';
  return rangeApplies(request.headers, validators) ? parseRange(range, size) : 'whole';
}

async function sendGzip(
  fd: number,
  content: Content,
  headers: Headers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { etag } = headers;
  // Other bytes of the same meaning.
  const weak = etag === undefined ? {} : { etag: `W/${etag}` };
  const own = { ...headers, ...weak, 'content-encoding': 'gzip' };
  if (content.kind === 'held') {
    const bytes = await compress(content.bytes, { level: constants.Z_BEST_SPEED });
    response.writeHead(200, { ...own, 'content-length': bytes.length }).end(bytes);
    return;
  }
  response.writeHead(200, own);
  const length = content.kind === 'sized' ? content.length : Number.POSITIVE_INFINITY;
  if (request.method === 'HEAD') response.end();
  else await sendCompressed(fd, { start: 0, length }, response);
}
