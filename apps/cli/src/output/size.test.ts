import { expect, it } from 'vitest';
import { formatSize } from './size.ts';

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1_048_575, '1.0 MiB'],
  [36_909_875, '35.2 MiB'],
  [5 * 1024 ** 3, '5.0 GiB'],
  [2 ** 53, '8192.0 TiB'],
])('%i bytes are %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});
