import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { parseMetadata } from './metadata.ts';

const whole = { instanceID: 'cl-a', envID: '00000000-0000-0000-0000-000000000000' };
const hash = 'Ab'.repeat(64);

test('reads what is said of the machine, and ignores what only a later host says', () => {
  expect(parseMetadata(JSON.stringify({ ...whole, address: '', accessTokenHash: hash, more: 1 }))).toEqual({
    capsuleId: 'cl-a',
    templateId: '00000000-0000-0000-0000-000000000000',
    accessTokenHash: hash.toLowerCase(),
  });
  expect(parseMetadata(JSON.stringify({ ...whole, accessTokenHash: '' })).accessTokenHash).toBeUndefined();
});

test.each([
  '',
  'null',
  '[]',
  '"cl-a"',
  '{}',
  JSON.stringify({ ...whole, envID: '' }),
  JSON.stringify({ ...whole, instanceID: 1 }),
  JSON.stringify({ ...whole, instanceID: '../x' }),
  JSON.stringify({ ...whole, accessTokenHash: 'x' }),
])('%j is not the whole of it', (text) => {
  expect(() => parseMetadata(text)).toThrow(expect.objectContaining({ code: 'agent_error' }));
});

test.prop([fc.oneof(fc.string(), fc.json())])('throws nothing else, whatever comes', (text) => {
  try {
    parseMetadata(text);
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'agent_error' });
  }
});
