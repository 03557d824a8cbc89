import { describe, expect, test } from 'vitest';
import { imageConfigOf } from './image-config.ts';
import { configSchema } from './schemas.ts';

const configOf = (config: unknown) => imageConfigOf(configSchema.parse({ rootfs: { diff_ids: [] }, config }));

test.each([[undefined], [null], [{}], [{ User: null, Env: null, Cmd: null, Healthcheck: null }]])(
  'an image that says nothing runs nothing, as root: %j',
  (config) => {
    expect(configOf(config)).toEqual({
      ...{ user: '', env: {}, workingDir: '/', entrypoint: [], cmd: [], exposedPorts: [] },
      healthcheck: { kind: 'inherited' },
    });
  },
);

test('the environment is read up to the first sign, and its last value counts', () => {
  const { env } = configOf({ Env: ['A=1', 'B=x=y', 'EMPTY=', 'A=2', 'NOTHING', '=none', '__proto__=p'] });
  expect(Object.entries(env)).toEqual([
    ['A', '2'],
    ['B', 'x=y'],
    ['EMPTY', ''],
    ['__proto__', 'p'],
  ]);
});

test('what is no port is left out', () => {
  const ports = ['80', '443/tcp', '53/UDP', '0/tcp', '65536/tcp', 'x', '1-9/tcp', '99999999'];
  const ExposedPorts = Object.fromEntries(ports.map((port) => [port, {}]));
  expect(configOf({ ExposedPorts }).exposedPorts).toEqual([
    { port: 80, protocol: 'tcp' },
    { port: 443, protocol: 'tcp' },
    { port: 53, protocol: 'udp' },
  ]);
});

describe('a healthcheck is', () => {
  test.each([
    [{ Test: [] }, { kind: 'inherited' }],
    [{ Test: ['NONE'], Interval: 1e9 }, { kind: 'none' }],
    [
      { Test: ['CMD', 'curl', '-f'], Timeout: 3e9 },
      { kind: 'exec', argv: ['curl', '-f'], timeoutMs: 3000 },
    ],
    [
      { Test: ['CMD-SHELL', 'a && b'], StartPeriod: 5e8 },
      { kind: 'shell', command: 'a && b', startPeriodMs: 500 },
    ],
    [{ Test: ['CMD'] }, { kind: 'inherited' }],
    [
      { Test: ['CMD-SHELL', 'x'], Interval: -1, Retries: 0 },
      { kind: 'shell', command: 'x' },
    ],
  ])('%j', (Healthcheck, expected) => {
    expect(configOf({ Healthcheck }).healthcheck).toEqual(expected);
  });
});
