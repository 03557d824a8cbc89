import { expect, test } from 'vitest';
import { programOf } from './user-agent.ts';

test.each([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0', 'Firefox on Linux'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/129.0 Safari/537.36 Edg/129.0',
    'Edge on Windows',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1',
    'Safari on iOS',
  ],
  ['curl/8.9.1', 'curl'],
])('%s is shown as %s', (userAgent, shown) => {
  expect(programOf(userAgent)).toBe(shown);
});

test('what is not known is shown as it calls itself', () => {
  expect(programOf('<b>odd</b>')).toBe('<b>odd</b>');
  expect(programOf('')).toBe('A program that does not say its name');
});
