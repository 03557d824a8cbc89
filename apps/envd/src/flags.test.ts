import { expect, test } from 'vitest';
import { parseFlags } from './flags.ts';

test('a capsule listens on every address, a standalone daemon on its own machine', () => {
  expect(parseFlags([])).toStrictEqual({
    mode: 'capsule',
    host: '0.0.0.0',
    port: 49983,
    metadataUrl: 'http://169.254.169.254',
    cgroupRoot: '/sys/fs/cgroup/wrenn',
    forwardPortsTo: undefined,
  });
  const standalone = {
    mode: 'standalone',
    host: '127.0.0.1',
    port: 49983,
    metadataUrl: undefined,
    cgroupRoot: '/sys/fs/cgroup/wrenn',
    forwardPortsTo: undefined,
  };
  expect(parseFlags(['--standalone'])).toStrictEqual(standalone);
  expect(parseFlags(['--standalone', '--host', '::1', '--port', '0'])).toStrictEqual({
    ...standalone,
    host: '::1',
    port: 0,
  });
});

test('the metadata service can be elsewhere, or not be looked for', () => {
  expect(parseFlags(['--metadata-url', 'http://127.0.0.1:8080']).metadataUrl).toBe('http://127.0.0.1:8080');
  expect(parseFlags(['--metadata-url', 'off']).metadataUrl).toBeUndefined();
});

test.each([
  ['--metadata-url', 'x'],
  ['--metadata-url', 'http://a/b'],
  ['--forward-ports-to', 'localhost'],
  ['--port', 'x'],
  ['--port', '65536'],
  ['--port', '-1'],
  ['--what'],
  ['word'],
])('refuses %s %s', (...args) => {
  expect(() => parseFlags(args)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
});
