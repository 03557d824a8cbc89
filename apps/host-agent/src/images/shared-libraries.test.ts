import { expect, it } from 'vitest';
import { neededLibraries } from './shared-libraries.ts';

it('finds the libraries in what readelf prints for several programs', () => {
  const text = `
File: /a/node
 0x0000000000000001 (NEEDED)             Shared library: [libm.so.6]
 0x000000000000000e (SONAME)             Library soname: [node.so]
File: /a/koffi.node
 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]
`;
  expect(neededLibraries(text)).toEqual(['libm.so.6', 'libc.so.6']);
});
