import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorResponse, headerBytes, isAnswerTo, messageId, parseQuery, withId } from './dns-message.ts';

/** A query with one question; the name's labels may hold any bytes. */
function queryFor(labels: readonly Uint8Array[], type = 1, id = 0x1234): Buffer {
  const header = Buffer.from([id >> 8, id & 255, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
  const name = labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  return Buffer.concat([header, ...name, Buffer.from([0, type >> 8, type & 255, 0, 1])]);
}
const ascii = (name: string) => name.split('.').map((label) => Buffer.from(label));

/** What a resolver sends back: the query with the response bit set. */
function answerTo(query: Buffer): Buffer {
  const answer = Buffer.from(query);
  answer.writeUInt8(query.readUInt8(2) | 0x80, 2);
  return answer;
}

const anyLabel = fc.uint8Array({ minLength: 1, maxLength: 63 });
const anyName = fc.array(anyLabel, { maxLength: 3 });

describe('parseQuery', () => {
  it('reads the question, whatever the case of its name', () => {
    const parsed = parseQuery(queryFor(ascii('WWW.Example.org'), 28));
    expect(parsed).toEqual({
      kind: 'query',
      question: { name: 'www.example.org', type: 28, class: 1, end: 33 },
    });
  });

  it('never throws on any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => void parseQuery(Buffer.from(bytes))));
  });

  it('never throws on a damaged query, and never reads past its end', () => {
    const damage = fc.tuple(anyName, fc.nat(), fc.nat(255), fc.nat());
    fc.assert(
      fc.property(damage, ([labels, at, value, cut]) => {
        const query = queryFor(labels);
        query[at % query.length] = value;
        const rest = query.subarray(0, cut % (query.length + 1));
        const parsed = parseQuery(rest);
        if (parsed.kind === 'query') expect(parsed.question.end).toBeLessThanOrEqual(rest.length);
        else if (parsed.kind === 'refuse')
          expect(errorResponse(rest, parsed.code).length).toBeGreaterThanOrEqual(headerBytes);
      }),
    );
  });

  it('does not answer answers, nor what is too short to be DNS', () => {
    expect(parseQuery(answerTo(queryFor(ascii('a.b'))))).toEqual({ kind: 'ignore' });
    expect(parseQuery(Buffer.alloc(headerBytes - 1))).toEqual({ kind: 'ignore' });
  });

  it('refuses other operations, several questions, and names with pointers', () => {
    const update = queryFor(ascii('a.b'));
    update.writeUInt8(5 << 3, 2);
    expect(parseQuery(update)).toEqual({ kind: 'refuse', code: 'not-implemented' });
    const two = queryFor(ascii('a.b'));
    two.writeUInt16BE(2, 4);
    expect(parseQuery(two)).toEqual({ kind: 'refuse', code: 'format-error' });
    const pointer = queryFor(ascii('a.b'));
    pointer.writeUInt8(0xc0, headerBytes);
    expect(parseQuery(pointer)).toEqual({ kind: 'refuse', code: 'format-error' });
  });

  it('accepts names of 255 bytes and no longer ones', () => {
    const full = [63, 63, 63, 61].map((length) => Buffer.alloc(length, 'a'));
    expect(parseQuery(queryFor(full)).kind).toBe('query');
    const over = [63, 63, 63, 62].map((length) => Buffer.alloc(length, 'a'));
    expect(parseQuery(queryFor(over)).kind).toBe('refuse');
  });

  it('tells different names apart, dots inside a label too', () => {
    const inside = parseQuery(queryFor([Buffer.from('a.b')]));
    expect(inside).toMatchObject({ question: { name: 'a\\046b' } });
  });
});

describe('isAnswerTo', () => {
  it('takes the answer to the query, and none with another ID, name or type', () => {
    fc.assert(
      fc.property(anyName, fc.nat(0xffff), fc.nat(0xffff), (labels, id, type) => {
        const query = queryFor(labels, type, id);
        const parsed = parseQuery(query);
        if (parsed.kind !== 'query') throw new Error('the generator makes queries only');
        expect(isAnswerTo(answerTo(query), id, parsed.question)).toBe(true);
        expect(isAnswerTo(answerTo(query), id ^ 1, parsed.question)).toBe(false);
        expect(isAnswerTo(query, id, parsed.question)).toBe(false);
        expect(isAnswerTo(answerTo(queryFor(labels, type ^ 1, id)), id, parsed.question)).toBe(false);
        const other = queryFor([Buffer.from('other'), ...labels], type, id);
        expect(isAnswerTo(answerTo(other), id, parsed.question)).toBe(false);
      }),
    );
  });

  it('never throws on any bytes', () => {
    const question = { name: 'a', type: 1, class: 1, end: 19 };
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 600 }),
        (bytes) => void isAnswerTo(Buffer.from(bytes), 0, question),
      ),
    );
  });
});

describe('errorResponse', () => {
  it('repeats ID, question and the wish for recursion, and carries the code', () => {
    const query = queryFor(ascii('a.example'));
    const response = errorResponse(query, 'server-failure');
    expect(response.toString('hex')).toBe(`123481820001000000000000${query.subarray(12).toString('hex')}`);
  });

  it('leaves out what came after the question', () => {
    const query = Buffer.concat([queryFor(ascii('a.b')), Buffer.from('additional records')]);
    query.writeUInt16BE(1, 10);
    const response = errorResponse(query, 'server-failure');
    expect(response.readUInt16BE(10)).toBe(0);
    expect(response.length).toBe(headerBytes + 5 + 4);
  });
});

describe('withId', () => {
  it('changes a copy', () => {
    const query = queryFor(ascii('a.b'));
    expect(messageId(withId(query, 7))).toBe(7);
    expect(messageId(query)).toBe(0x1234);
  });
});
