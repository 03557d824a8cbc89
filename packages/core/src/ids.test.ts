import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { WrennError } from './errors.ts';
import { idFromUuid, newId, parseId, uuidFromId, uuidsBeginning, zeroId } from './ids.ts';

describe('IDs', () => {
  test.prop([fc.uuid()])('are their UUID in another form', (uuid) => {
    expect(uuidFromId(idFromUuid('capsule', uuid))).toBe(uuid.toLowerCase());
  });

  test.prop([fc.uuid()])('are read with and without the hyphen', (uuid) => {
    const id = idFromUuid('capsule', uuid);
    expect(parseId('capsule', id)).toBe(id);
    expect(parseId('capsule', id.replace('-', ''))).toBe(id);
  });

  test.prop([fc.string()])('refuse any other text with the field and its form', (text) => {
    fc.pre(!/^cl-?[0-9a-z]{25}$/.test(text));
    expect(() => parseId('capsule', text, 'sandbox_id')).toThrow(
      expect.objectContaining({ code: 'invalid_request', field: 'sandbox_id' }),
    );
  });

  test.prop([fc.uuid(), fc.uuid(), fc.integer({ min: 1, max: 25 })])(
    'that begin alike are those of a range of UUIDs',
    (uuid, other, length) => {
      const start = idFromUuid('capsule', uuid).slice(0, 'cl-'.length + length);
      const range = uuidsBeginning('capsule', start);
      const isIn = (one: string) => range !== undefined && range.first <= one && one <= range.last;
      expect(isIn(uuid)).toBe(true);
      expect(isIn(other)).toBe(idFromUuid('capsule', other).startsWith(start));
      expect(uuidsBeginning('capsule', start.slice('cl-'.length))).toEqual(range);
    },
  );

  it('of no UUID are in no range', () => {
    expect(uuidsBeginning('capsule', 'cl-zz')).toBeUndefined();
    expect(uuidsBeginning('capsule', 'cl-')).toBeUndefined();
    expect(uuidsBeginning('capsule', 'a_b')).toBeUndefined();
  });

  it('have the form that users know', () => {
    expect(newId('capsule')).toMatch(/^cl-[0-9a-z]{25}$/);
    expect(zeroId('team')).toBe(`team-${'0'.repeat(25)}`);
  });

  it('refuse a number that no UUID has', () => {
    expect(() => parseId('capsule', `cl-${'z'.repeat(25)}`)).toThrow(WrennError);
  });

  it('refuse the ID of another kind', () => {
    expect(() => parseId('capsule', newId('team'))).toThrow(WrennError);
  });
});
