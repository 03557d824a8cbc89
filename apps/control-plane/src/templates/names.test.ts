import { fc, test } from '@fast-check/vitest';
import { newId } from '@wrenn/core';
import { expect, it } from 'vitest';
import { asSnapshotId, asTemplateId, generatedName, isFreeForm } from './names.ts';

test.prop([fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/)])(
  'a short name of letters, digits, dots, underscores and hyphens can be given to a template',
  (name) => {
    expect(isFreeForm(name)).toBe(true);
    expect(asSnapshotId(name)).toBeUndefined();
  },
);

test.prop([fc.string()])('a name that is allowed is never read as an ID', (name) => {
  expect(isFreeForm(name) && (asSnapshotId(name) ?? asTemplateId(name)) !== undefined).toBe(false);
});

it('the ID of a snapshot cannot be given as a name, with its hyphen or without', () => {
  const id = newId('snapshot');
  expect(isFreeForm(id)).toBe(false);
  expect(isFreeForm(id.replace('-', ''))).toBe(false);
  expect(asSnapshotId(id.replace('-', ''))).toBe(id);
});

it('nor can the ID of a template', () => {
  const id = newId('template');
  expect(isFreeForm(id)).toBe(false);
  expect(asTemplateId(id)).toBe(id);
});

it('the ID of something else is a name like any other', () => {
  expect(isFreeForm(newId('capsule'))).toBe(true);
});

it('what nobody named gets a name that can be given', () => {
  expect(generatedName('checkpoint')).toMatch(/^checkpoint-[0-9a-f]{8}$/);
  expect(isFreeForm(generatedName('template'))).toBe(true);
  expect(generatedName('template')).not.toBe(generatedName('template'));
});
