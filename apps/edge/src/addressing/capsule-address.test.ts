import { idFromUuid, WrennError } from '@wrenn/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capsuleAddressOf, type RequestTarget } from './capsule-address.ts';

const id = idFromUuid('capsule', '01234567-89ab-cdef-0123-456789abcdef');
const short = id.replace('-', '');

const target = (host: string | undefined, sandboxId?: string, sandboxPort?: string): RequestTarget => ({
  host,
  sandboxId,
  sandboxPort,
});
const anyId = fc.uuid().map((uuid) => idFromUuid('capsule', uuid));
const anyPort = fc.integer({ min: 1, max: 65535 });

describe('a host name', () => {
  it.each([
    `8000-${id}.wrenn.example`,
    `8000-${short}.wrenn.example`,
    `8000-${id.toUpperCase()}.Wrenn.Example:8081`,
    `8000-${id}.localhost:8081`,
    `8000-${id}.wrenn.example.`,
  ])('%s names a port of a capsule', (host) => {
    expect(capsuleAddressOf(target(host))).toEqual({ capsuleId: id, port: 8000 });
  });

  it.each(['wrenn.example', 'api.wrenn.example', `8000-${id}`, `x-${id}.a`, '-', '..', 'a b'])(
    '%s names no capsule',
    (host) => {
      expect(capsuleAddressOf(target(host))).toBeUndefined();
    },
  );

  it.each([`0-${id}.a`, `65536-${id}.a`, `080-${id}.a`, `80-cl-xyz.a`, '80-ho-st.a', '80--.a.b.'])(
    '%s is refused',
    (host) => {
      expect(() => capsuleAddressOf(target(host))).toThrow(WrennError);
    },
  );

  it('wins over the headers, so that a page cannot be sent elsewhere by a header', () => {
    const other = idFromUuid('capsule', 'ffffffff-89ab-cdef-0123-456789abcdef');
    expect(capsuleAddressOf(target(`80-${id}.a`, other, '81'))).toEqual({ capsuleId: id, port: 80 });
  });

  it('is read back for every capsule, port and domain', () => {
    fc.assert(
      fc.property(anyId, anyPort, fc.domain(), fc.option(anyPort), (capsuleId, port, domain, listening) => {
        const host = `${port}-${capsuleId}.${domain}${listening === null ? '' : `:${listening}`}`;
        expect(capsuleAddressOf(target(host))).toEqual({ capsuleId, port });
      }),
    );
  });
});

describe('the headers', () => {
  it.each([
    '127.0.0.1:8081',
    'localhost',
    'LOCALHOST:8081',
    '[::1]:8081',
    'sandbox.wrenn.example',
    undefined,
    '',
  ])('decide behind the host %s', (host) => {
    expect(capsuleAddressOf(target(host, short, '49983'))).toEqual({ capsuleId: id, port: 49983 });
  });

  it('may both be absent: the request is for no capsule', () => {
    expect(capsuleAddressOf(target('127.0.0.1'))).toBeUndefined();
  });

  it.each([
    [id, undefined],
    [undefined, '80'],
    [id, ''],
    [id, '80 '],
    [id, '0x50'],
    ['cl-1', '80'],
  ])('are refused as %s and %s', (sandboxId, port) => {
    expect(() => capsuleAddressOf(target('127.0.0.1', sandboxId, port))).toThrow(WrennError);
  });
});

describe('nonsense', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.stringMatching(/^[0-9a-z.:[\]-]{0,80}$/),
    fc.tuple(fc.integer(), fc.string()).map(([port, rest]) => `${port}-cl-${rest}.a`),
  );

  it('never throws anything but a typed refusal, and never yields an address outside the bounds', () => {
    fc.assert(
      fc.property(fc.option(text), fc.option(text), fc.option(text), (host, sandboxId, port) => {
        const found = addressOrRefusal(target(host ?? undefined, sandboxId ?? undefined, port ?? undefined));
        if (found === undefined || found instanceof WrennError) return;
        expect(found.capsuleId).toMatch(/^cl-[0-9a-z]{25}$/);
        expect(found.port).toBeGreaterThan(0);
        expect(found.port).toBeLessThan(65536);
      }),
      { numRuns: 2000 },
    );
  });
});

function addressOrRefusal(given: RequestTarget) {
  try {
    return capsuleAddressOf(given);
  } catch (thrown) {
    if (thrown instanceof WrennError) return thrown;
    throw thrown;
  }
}
