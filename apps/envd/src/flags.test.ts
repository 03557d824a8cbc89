import { expect, test } from 'vitest';
import { parseFlags } from './flags.ts';

test('a capsule listens on every address, a standalone daemon on its own machine', () => {
  expect(parseFlags([])).toStrictEqual({ mode: 'capsule', host: '0.0.0.0', port: 49983 });
  expect(parseFlags(['--standalone'])).toStrictEqual({ mode: 'standalone', host: '127.0.0.1', port: 49983 });
  expect(parseFlags(['--standalone', '--host', '::1', '--port', '0'])).toStrictEqual({
    mode: 'standalone',
    host: '::1',
    port: 0,
  });
});

test.each([['--port', 'x'], ['--port', '65536'], ['--port', '-1'], ['--what'], ['word']])(
  'refuses %s %s',
  (...args) => {
    expect(() => parseFlags(args)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  },
);
