/** As much of DNS messages (RFC 1035) as a forwarder has to understand: the header and the one question. */

export const headerBytes = 12;

export interface DnsQuestion {
  /** In lower case, with dots, without the last one; bytes that are no letters, digits, - or _ as \DDD. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Where the question ends in the message. */
  readonly end: number;
}

/** What a message that claims to be a query is. `ignore`: not even an error may be sent back. */
export type ParsedQuery =
  | { readonly kind: 'query'; readonly question: DnsQuestion }
  | { readonly kind: 'refuse'; readonly code: 'format-error' | 'not-implemented' }
  | { readonly kind: 'ignore' };

const responseCodes = { 'format-error': 1, 'server-failure': 2, 'not-implemented': 4 } as const;
export type ResponseCode = keyof typeof responseCodes;

/** Any bytes go in; throws nothing. */
export function parseQuery(message: Buffer): ParsedQuery {
  // An answer sent to an answer could go round for ever.
  if (message.length < headerBytes || isResponse(message)) return { kind: 'ignore' };
  if (opcode(message) !== 0) return { kind: 'refuse', code: 'not-implemented' };
  const question = parseQuestion(message);
  return question === undefined ? { kind: 'refuse', code: 'format-error' } : { kind: 'query', question };
}

/** Whether `message` is the answer to the query with this ID and question. Any bytes go in; throws nothing. */
export function isAnswerTo(message: Buffer, id: number, question: DnsQuestion): boolean {
  if (message.length < headerBytes || !isResponse(message) || messageId(message) !== id) return false;
  // A server that could not read the question may leave it out of its complaint.
  if (message.readUInt16BE(4) === 0) return (message.readUInt8(3) & 0x0f) !== 0;
  const answered = parseQuestion(message);
  return (
    answered?.name === question.name && answered.type === question.type && answered.class === question.class
  );
}

export function messageId(message: Buffer): number {
  return message.readUInt16BE(0);
}

/** A copy with another ID. */
export function withId(message: Buffer, id: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt16BE(id, 0);
  return copy;
}

/** An answer without records; the question is repeated where it could be read, as clients compare it. */
export function errorResponse(query: Buffer, code: ResponseCode): Buffer {
  const question = parseQuestion(query);
  const response = Buffer.alloc(question?.end ?? headerBytes);
  query.copy(response, 0, 0, response.length);
  // QR and RA on; opcode and RD as asked.
  response.writeUInt8(0x80 | (query.readUInt8(2) & 0x79), 2);
  response.writeUInt8(0x80 | responseCodes[code], 3);
  response.writeUInt16BE(question === undefined ? 0 : 1, 4);
  response.fill(0, 6, headerBytes);
  return response;
}

function isResponse(message: Buffer): boolean {
  return (message.readUInt8(2) & 0x80) !== 0;
}

function opcode(message: Buffer): number {
  return (message.readUInt8(2) >> 3) & 0x0f;
}

/** The question, when there is exactly one and its name is written out: there is nothing before it to point to. */
function parseQuestion(message: Buffer): DnsQuestion | undefined {
  if (message.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let position = headerBytes;
  for (;;) {
    if (position >= message.length) return undefined;
    const length = message.readUInt8(position);
    position += 1;
    if (length === 0) break;
    // 63 is the longest label; above are pointers. A name has at most 255 bytes with all its lengths.
    if (length > 63 || position + length - headerBytes > 254 || position + length > message.length)
      return undefined;
    labels.push(labelText(message.subarray(position, position + length)));
    position += length;
  }
  if (position + 4 > message.length) return undefined;
  return {
    name: labels.join('.'),
    type: message.readUInt16BE(position),
    class: message.readUInt16BE(position + 2),
    end: position + 4,
  };
}

function labelText(label: Buffer): string {
  return label
    .toString('latin1')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, (character) => `\\${String(character.charCodeAt(0)).padStart(3, '0')}`);
}
