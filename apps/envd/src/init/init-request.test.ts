import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { parseInitRequest } from './init-request.ts';

test('everything may be absent', () => {
  expect(parseInitRequest({})).toStrictEqual({});
});

test('reads the time to the nanosecond and the entropy as bytes', () => {
  const bytes = Buffer.alloc(64, 7);
  expect(
    parseInitRequest({ timestamp: '1970-01-01T00:00:01.000000002Z', entropy: bytes.toString('base64') }),
  ).toStrictEqual({ timestamp: 1_000_000_002n, entropy: bytes });
});

test('an empty folder is none, which is not the same as nothing said', () => {
  expect(parseInitRequest({ defaultWorkdir: '' })).toStrictEqual({ defaultWorkdir: '' });
});

test('ignores what only a later host knows', () => {
  expect(parseInitRequest({ hyperspace: true, defaultUser: 'user' })).toStrictEqual({ defaultUser: 'user' });
});

test.each([
  ['accessToken', 5],
  ['accessToken', 'short'],
  ['hostSecret', ''],
  ['timestamp', 'yesterday'],
  ['timestamp', 1],
  ['defaultUser', ''],
  ['defaultWorkdir', null],
  ['envVars', []],
  ['envVars', 'A=B'],
  ['capsuleId', '../x'],
  ['templateId', 'a b'],
  ['hostname', '-x'],
  ['hostname', 'a\nb'],
  ['machineId', 'cl-1'],
  ['entropy', '!!'],
  ['entropy', Buffer.alloc(31).toString('base64')],
  ['entropy', Buffer.alloc(513).toString('base64')],
  ['caBundle', 1],
  ['hyperloopIP', 'events.example'],
  ['hyperloopIP', '192.0.2.1 localhost'],
  ['volumeMounts', {}],
])('names %s when it is %j', (field, value) => {
  expect(() => parseInitRequest({ [field]: value })).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      field,
      message: expect.stringMatching(new RegExp(`^${field}: .*must`)),
    }),
  );
});

test('E2B’s fields are taken: no volumes, and a life cycle that means nothing here', () => {
  const given = { hyperloopIP: '192.0.2.1', volumeMounts: [], lifecycleID: 'x' };
  expect(parseInitRequest(given)).toStrictEqual({ hyperloopIP: '192.0.2.1', volumeMounts: [] });
});

test('a volume that would have to be mounted is refused, rather than left out', () => {
  expect(() => parseInitRequest({ volumeMounts: [{ nfs_target: 'a:/b', path: '/c' }] })).toThrow(
    expect.objectContaining({ code: 'not_implemented', field: 'volumeMounts' }),
  );
});

test('names the variable at fault', () => {
  expect(() => parseInitRequest({ envVars: { A: 1 } })).toThrow(
    expect.objectContaining({ field: 'envVars.A' }),
  );
  expect(() => parseInitRequest({ envVars: { 'A=': '1' } })).toThrow(
    expect.objectContaining({ field: 'envVars' }),
  );
});

test.each([null, 1, 'x', []])('refuses %j as a whole', (body) => {
  expect(() => parseInitRequest(body)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
});

const fields = [
  'accessToken',
  'timestamp',
  'envVars',
  'capsuleId',
  'hostname',
  'machineId',
  'entropy',
  'hyperloopIP',
];

test.prop([fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...fields), fc.jsonValue()))])(
  'names what is wrong, whatever comes',
  (body) => {
    try {
      parseInitRequest(body);
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: expect.stringMatching(/^(invalid_request|not_implemented)$/) });
    }
  },
);
