import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { buildEnvironment } from './environment.ts';

const account = { name: 'user', home: '/home/user' };
const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
const variables = fc.dictionary(fc.oneof(name, fc.constant('__proto__')), fc.stringMatching(/^[^\0]*$/));

test.prop([variables, variables])(
  'a request wins over the capsule, which wins over the base',
  (global, requested) => {
    const environment = buildEnvironment({ path: '/bin', account, global, requested });
    const base = { PATH: '/bin', HOME: '/home/user', USER: 'user', LOGNAME: 'user' };
    const merged = new Map([base, global, requested].flatMap((source) => Object.entries(source)));
    expect(new Map(Object.entries(environment))).toStrictEqual(merged);
  },
);

test.each([{ '': 'x' }, { 'A=B': 'x' }, { 'A\0': 'x' }, { A: 'x\0y' }])('refuses %j', (requested) => {
  expect(() => buildEnvironment({ path: '/bin', account, global: {}, requested })).toThrow(
    expect.objectContaining({ code: 'invalid_request', field: 'process.envs' }),
  );
});
