import { isUtf8 } from 'node:buffer';
import { WrennError } from '@wrenn/core';
import { type PartDisposition, parseDisposition } from './content-disposition.ts';

export interface Part extends PartDisposition {
  /** To be read before the next part is asked for; what is left of it then is skipped. */
  readonly content: AsyncIterable<Buffer>;
}

/** More than any library writes. */
const longestHeadBytes = 16 * 1024;
/** What may stand before the first part and after the last one, and mean nothing. */
const longestPaddingBytes = 64 * 1024;
const longestLineBytes = 1024;
const mostParts = 10_000;
const longestBoundary = 200;

const lineBreak = '\r\n';
const beforeContent = { at: 'content', lead: lineBreak.length } as const;

/** Of `multipart/form-data; boundary=…`. Throws `invalid_request`. */
export function boundaryOf(contentType: string): string {
  const [, quoted, plain] = /;[ \t]*boundary=(?:"([^"\r\n]+)"|([^\s;"]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined || boundary.length > longestBoundary)
    throw malformed('no usable boundary is given');
  return boundary;
}

/**
 * The parts of a form, one after the other. Nothing is passed over in silence: a form that is not whole and well-formed
 * to its last boundary throws `invalid_request`, parts that were complete before notwithstanding.
 */
export async function* readParts(body: AsyncIterable<Buffer>, boundary: string): AsyncGenerator<Part> {
  const form = new FormReader(body, boundary);
  await form.skipContent(longestPaddingBytes);
  for (let count = 0; await form.startsPart(); count++) {
    if (count === mostParts) throw new WrennError('too_large', `the form has more than ${mostParts} parts`);
    yield { ...dispositionIn(await form.readHead()), content: form.content() };
    await form.skipContent(Number.POSITIVE_INFINITY);
  }
  await form.skipRest(longestPaddingBytes);
}

class FormReader {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #delimiter: Buffer;
  /** What has come and was not used yet. It begins as if a line ended just before the body. */
  #held: Buffer = Buffer.from(lineBreak);
  /** In content, and so many bytes of it belong to the line before; or at what follows a boundary. */
  #state: { readonly at: 'content'; readonly lead: number } | { readonly at: 'boundary' } = beforeContent;

  constructor(body: AsyncIterable<Buffer>, boundary: string) {
    this.#chunks = body[Symbol.asyncIterator]();
    this.#delimiter = Buffer.from(`${lineBreak}--${boundary}`);
  }

  /** What comes before the next boundary, in pieces. */
  async *content(): AsyncGenerator<Buffer> {
    while (this.#state.at === 'content') {
      const { lead } = this.#state;
      const end = this.#held.indexOf(this.#delimiter);
      const sure = end === -1 ? this.#lengthBeforeAnyDelimiter() : end;
      const piece = this.#held.subarray(lead, sure);
      this.#held = this.#held.subarray(end === -1 ? sure : end + this.#delimiter.length);
      if (end !== -1) this.#state = { at: 'boundary' };
      else if (sure > 0) this.#state = { at: 'content', lead: 0 };
      if (piece.length > 0) yield piece;
      if (end === -1) await this.#more();
    }
  }

  async skipContent(mostBytes: number): Promise<void> {
    let left = mostBytes;
    for await (const piece of this.content()) {
      left -= piece.length;
      if (left < 0) throw malformed('the body does not begin with its boundary');
    }
  }

  /** At a boundary: whether another part follows. Throws when neither that nor the end is said. */
  async startsPart(): Promise<boolean> {
    while (this.#held.length < 2) await this.#more();
    if (this.#held.toString('latin1', 0, 2) === '--') return false;
    const rest = await this.#readUntil(lineBreak, longestLineBytes, 'a boundary');
    if (!/^[ \t]*$/.test(rest.toString('latin1')))
      throw malformed('a boundary is followed by something else');
    return true;
  }

  /** The lines before a part's content. */
  async readHead(): Promise<string[]> {
    const head = await this.#readUntil(`${lineBreak}${lineBreak}`, longestHeadBytes, 'the head of a part');
    if (!isUtf8(head)) throw malformed('the head of a part is not UTF-8');
    // The empty line's break is that before the next boundary when the part has no content at all.
    this.#held = Buffer.concat([Buffer.from(lineBreak), this.#held]);
    this.#state = beforeContent;
    return head.toString('utf8').split(lineBreak);
  }

  /** Reads what follows the form, which means nothing, up to the end of the body. */
  async skipRest(mostBytes: number): Promise<void> {
    for (let length = this.#held.length; length <= mostBytes; ) {
      const { done, value } = await this.#chunks.next();
      if (done) return;
      length += value.length;
    }
    throw malformed('the body goes on after its last boundary');
  }

  async #readUntil(mark: string, mostBytes: number, what: string): Promise<Buffer> {
    for (;;) {
      const end = this.#held.indexOf(mark);
      if (end > mostBytes || (end === -1 && this.#held.length > mostBytes + mark.length)) {
        throw malformed(`${what} is longer than ${mostBytes} bytes`);
      }
      if (end !== -1) {
        const found = this.#held.subarray(0, end);
        this.#held = this.#held.subarray(end + mark.length);
        return found;
      }
      await this.#more();
    }
  }

  /** A delimiter that has come in part begins with its line break, in the last bytes. */
  #lengthBeforeAnyDelimiter(): number {
    const start = this.#held.indexOf('\r', Math.max(0, this.#held.length - this.#delimiter.length + 1));
    return start === -1 ? this.#held.length : start;
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#chunks.next();
    if (done) throw malformed('the body ends before its last boundary');
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
  }
}

function dispositionIn(head: readonly string[]): PartDisposition {
  const fields = head.map((line) => /^([!#$%&'*+.^_`|~\w-]+):([^\r\n\0]*)$/.exec(line));
  const values = (name: string) =>
    fields.flatMap((field) => (field?.[1]?.toLowerCase() === name ? [(field[2] ?? '').trim()] : []));
  if (fields.includes(null)) throw malformed('a line in the head of a part is no header');
  const encoding = values('content-transfer-encoding').find((value) => !/^(7bit|8bit|binary)$/i.test(value));
  if (encoding !== undefined) throw malformed(`a part is encoded as ${JSON.stringify(encoding)}`);
  const [header, ...others] = values('content-disposition');
  const disposition = header === undefined || others.length > 0 ? undefined : parseDisposition(header);
  if (disposition === undefined) throw malformed('a part does not say which field it is');
  return disposition;
}

function malformed(problem: string): WrennError {
  return new WrennError('invalid_request', `not a form: ${problem}`);
}
