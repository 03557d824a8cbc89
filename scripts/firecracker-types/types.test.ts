import { expect, it } from 'vitest';
import { typesOf } from './types.ts';

it('writes an interface with what is required, optional, and as it is when nothing is said', () => {
  const definitions = {
    Disk: {
      type: 'object',
      required: ['id'],
      properties: {
        id: { type: 'string' },
        cache: { type: 'string', enum: ['On', 'Off'], default: 'Off' },
        'two-words': { type: 'integer' },
      },
    },
  };
  expect(typesOf(definitions, ['Disk'])).toBe(`export interface Disk {
  readonly id: string;
  /** Unless it is said: "Off". */
  readonly cache?: 'On' | 'Off';
  readonly 'two-words'?: number;
}`);
});

it('brings in what a definition refers to, and nothing else', () => {
  const reference = (name: string) => ({ $ref: `#/definitions/${name}` });
  const definitions = {
    Whole: { type: 'object', properties: { parts: { type: 'array', items: reference('Part') } } },
    Part: { type: 'object', properties: { whole: reference('Whole') } },
    Other: { type: 'string' },
  };
  const text = typesOf(definitions, ['Whole']);
  expect(text).toContain('readonly parts?: readonly Part[];');
  expect(text).toContain('export interface Part');
  expect(text).not.toContain('Other');
});

it('refuses what it does not understand instead of leaving it out', () => {
  const definitions = { Odd: { type: 'object', properties: { a: { type: 'string', pattern: 'x' } } } };
  expect(() => typesOf(definitions, ['Odd'])).toThrow('pattern is not understood');
});
