import { expect, test } from 'vitest';
import { parseComposeRequest } from './compose-request.ts';

test('sources, destination and user are taken as they are', () => {
  expect(
    parseComposeRequest({ source_paths: ['a', '/b'], destination: 'c', username: 'user', other: 1 }),
  ).toStrictEqual({ sourcePaths: ['a', '/b'], destination: 'c', username: 'user' });
  expect(parseComposeRequest({ source_paths: ['a'], destination: 'c' }).username).toBe('');
});

test.each([
  [null, 'body'],
  ['x', 'body'],
  [{}, 'source_paths'],
  [{ source_paths: [], destination: 'c' }, 'source_paths'],
  [{ source_paths: 'a', destination: 'c' }, 'source_paths'],
  [{ source_paths: ['a', 1], destination: 'c' }, 'source_paths'],
  [{ source_paths: [''], destination: 'c' }, 'source_paths'],
  [{ source_paths: Array(1001).fill('a'), destination: 'c' }, 'source_paths'],
  [{ source_paths: ['a'] }, 'destination'],
  [{ source_paths: ['a'], destination: '' }, 'destination'],
  [{ source_paths: ['a'], destination: 'c', username: 1 }, 'username'],
])('%j is refused for its %s', (body, field) => {
  expect(() => parseComposeRequest(body)).toThrow(
    expect.objectContaining({ code: 'invalid_request', field }),
  );
});
