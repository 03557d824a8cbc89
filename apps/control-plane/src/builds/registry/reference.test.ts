import { fc, test as property } from '@fast-check/vitest';
import { WrennError } from '@wrenn/core';
import { describe, expect, test } from 'vitest';
import { formatReference, parseReference } from './reference.ts';

const sum = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('a short name is completed as Docker does', () => {
  test.each([
    ['debian', `docker.io/library/debian:latest`],
    ['debian:12', 'docker.io/library/debian:12'],
    ['owner/name', 'docker.io/owner/name:latest'],
    ['docker.io/debian', 'docker.io/library/debian:latest'],
    ['index.docker.io/owner/name', 'docker.io/owner/name:latest'],
    ['localhost/name', 'localhost/name:latest'],
    ['localhost:5000/name', 'localhost:5000/name:latest'],
    ['127.0.0.1:5000/a/b/c:v1.2_3-x', '127.0.0.1:5000/a/b/c:v1.2_3-x'],
    ['[::1]:5000/name', '[::1]:5000/name:latest'],
    ['GHCR.io/owner/a__b.c---d', 'ghcr.io/owner/a__b.c---d:latest'],
    [`debian@${sum}`, `docker.io/library/debian@${sum}`],
    [`host:5000/name:tag@${sum}`, `host:5000/name:tag@${sum}`],
  ])('%s is %s', (text, whole) => {
    expect(formatReference(parseReference(text))).toBe(whole);
  });
});

test('a word and a number are a name and a tag, not a host and a port', () => {
  expect(parseReference('name:5000')).toEqual({
    registry: 'docker.io',
    repository: 'library/name',
    tag: '5000',
  });
});

describe('what is no name is refused, with the field it came in', () => {
  test.each([
    '',
    ' debian',
    'debian ',
    'Debian',
    'Owner/name',
    'a//b',
    '/name',
    'name/',
    'name:',
    'name:-x',
    `name:${'t'.repeat(129)}`,
    'name@',
    'name@sha256:12',
    `name@md5:${'0'.repeat(64)}`,
    `name@${sum}@${sum}`,
    'https://docker.io/debian',
    'user:pass@host.example/name',
    'host.example:0/name',
    'host.example:99999/name',
    'host.example:x/name',
    '-host.example/name',
    'host..example/name',
    '[::1/name',
    '[:::::]/name',
    'a.example/../name',
    'a.example/b/./c',
    'a.example/b?x',
    'a.example/b#x',
    'a.example/b%2f',
    'a.example/ñ',
    'a.example/b\n',
    'a_._b',
    `a.example/${'n'.repeat(250)}`,
    'x'.repeat(2000),
  ])('%j', (text) => {
    let thrown: unknown;
    try {
      parseReference(text, 'recipe.from');
    } catch (fault) {
      thrown = fault;
    }
    expect(thrown).toMatchObject({ code: 'invalid_request', field: 'recipe.from' });
  });
});

property.prop([fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9.:/@_[\]-]{0,60}$/))])(
  'any text is a name or is refused, and a name is the same when written whole',
  (text) => {
    let read: ReturnType<typeof parseReference>;
    try {
      read = parseReference(text);
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(WrennError);
      return;
    }
    expect(parseReference(formatReference(read))).toEqual(read);
  },
);

const part = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,8}){0,2}$/);
property.prop([
  fc.tuple(fc.domain(), fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined })),
  fc.array(part, { minLength: 1, maxLength: 4 }),
  fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/),
])('a host with dots, a path and a tag are read as they were put together', ([domain, port], parts, tag) => {
  const registry = port === undefined ? domain : `${domain}:${port}`;
  const repository = parts.join('/');
  fc.pre(registry.length + repository.length < 250);
  expect(parseReference(`${registry}/${repository}:${tag}`)).toEqual({ registry, repository, tag });
});

property.prop([fc.stringMatching(/^[a-zA-Z0-9.:/@_[\]-]{0,60}$/)])(
  'a path to the registry has no segment that leads elsewhere',
  (text) => {
    let read: ReturnType<typeof parseReference>;
    try {
      read = parseReference(text);
    } catch {
      return;
    }
    const path = `/v2/${read.repository}/manifests/${read.digest ?? read.tag}`;
    const url = new URL(path, `https://${read.registry}`);
    expect(url.pathname).toBe(path);
    expect(url.username).toBe('');
  },
);
