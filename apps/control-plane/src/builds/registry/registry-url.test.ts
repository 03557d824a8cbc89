import { expect, test } from 'vitest';
import { parseReference } from './reference.ts';
import { registryUrl } from './registry-url.ts';

const urlOf = (name: string) => registryUrl(parseReference(name).registry, ['localhost:5000']).href;

test('Docker Hub is where it is, and not where its name says', () => {
  expect(urlOf('debian')).toBe('https://registry-1.docker.io/');
  expect(urlOf('index.docker.io/owner/name')).toBe('https://registry-1.docker.io/');
});

test('only what the operator names is spoken to without TLS', () => {
  expect(urlOf('localhost:5000/name')).toBe('http://localhost:5000/');
  expect(urlOf('localhost:5001/name')).toBe('https://localhost:5001/');
  expect(urlOf('localhost/name')).toBe('https://localhost/');
  expect(urlOf('[::1]:5000/name')).toBe('https://[::1]:5000/');
});
