import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { parseChallenges } from './challenge.ts';

test('a registry says where tokens are, for which service and scope', () => {
  const header =
    'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"';
  expect(parseChallenges(header)).toEqual([
    {
      scheme: 'bearer',
      parameters: new Map([
        ['realm', 'https://auth.example/token'],
        ['service', 'registry.example'],
        ['scope', 'repository:a/b:pull,push'],
      ]),
    },
  ]);
});

test('several ways are told apart, with spaces, plain values and escapes', () => {
  const header = 'Basic realm=plain , Negotiate, BEARER Realm = "a \\"b\\\\c", realm="second"';
  expect(parseChallenges(header)).toEqual([
    { scheme: 'basic', parameters: new Map([['realm', 'plain']]) },
    { scheme: 'negotiate', parameters: new Map() },
    { scheme: 'bearer', parameters: new Map([['realm', 'a "b\\c']]) },
  ]);
});

test('what is not well-formed ends the header', () => {
  expect(parseChallenges('Bearer realm="https://a", service="open')).toEqual([
    { scheme: 'bearer', parameters: new Map([['realm', 'https://a']]) },
  ]);
  expect(parseChallenges('realm="of no scheme"')).toEqual([]);
});

property.prop([fc.string({ maxLength: 200 }), fc.stringMatching(/^[a-z]{1,10}$/)])(
  'any value is read as it was quoted',
  (value, name) => {
    const clean = value.replace(/[\r\n\u2028\u2029]/g, '');
    const quoted = clean.replace(/["\\]/g, (character) => `\\${character}`);
    expect(parseChallenges(`Bearer ${name}="${quoted}"`)[0]?.parameters.get(name)).toBe(clean);
  },
);
