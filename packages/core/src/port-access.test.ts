import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newId } from './ids.ts';
import { accessKey, checkAccess, portLink, trafficToken } from './port-access.ts';

const id = newId('capsule');
const key = accessKey(Buffer.from('secret'), id, 1);
const now = 1_800_000_000;

describe('a traffic token', () => {
  it('opens every port of its capsule', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65_535 }), (port) => {
        expect(checkAccess(key, trafficToken(key), port, now)).toEqual({ kind: 'open', until: 'revoked' });
      }),
    );
  });

  it.each([
    ['another capsule', accessKey(Buffer.from('secret'), newId('capsule'), 1)],
    ['another generation', accessKey(Buffer.from('secret'), id, 2)],
    ['another installation', accessKey(Buffer.from('other'), id, 1)],
  ])('of %s opens nothing', (_whose, other) => {
    expect(checkAccess(key, trafficToken(other), 80, now)).toEqual({ kind: 'refused', why: 'wrong' });
  });
});

describe('a link', () => {
  it('opens its port until it expires', () => {
    const link = portLink(key, 80, now + 10);
    expect(checkAccess(key, link, 80, now + 9)).toEqual({ kind: 'open', until: { expiresAt: now + 10 } });
    expect(checkAccess(key, link, 80, now + 10)).toEqual({ kind: 'refused', why: 'expired' });
    expect(checkAccess(key, link, 81, now)).toEqual({ kind: 'refused', why: 'other port' });
  });

  it('that was changed in any place opens nothing', () => {
    const link = portLink(key, 80, now + 10);
    fc.assert(
      fc.property(fc.nat(link.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, by) => {
        fc.pre(link[at] !== by);
        const changed = link.slice(0, at) + by + link.slice(at + 1);
        expect(checkAccess(key, changed, 80, now).kind).toBe('refused');
      }),
      { numRuns: 500 },
    );
  });
});

it('anything else opens nothing, and nothing throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      expect(checkAccess(key, text, 80, now)).toEqual({ kind: 'refused', why: 'wrong' });
    }),
  );
});
