import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextPage, ownPage, signInPage } from './next.ts';

test('a deep link with its query survives the sign-in', () => {
  const page = new URL('https://wrenn.example/dashboard/audit?what=api_key.create&range=7d');
  const signIn = new URL(signInPage(page), page);
  expect(signIn.pathname).toBe('/login');
  expect(nextPage(signIn)).toBe('/dashboard/audit?what=api_key.create&range=7d');
});

test.each([
  'https://evil.example',
  '//evil.example',
  '/\\evil.example',
  '/\t/evil.example',
  'javascript:alert(1)',
  '/login?next=/login',
  '/v1/auth/logout',
  '/dashboardx',
  '',
])('nobody is led to %j', (next) => {
  expect(ownPage(next)).toBe('/dashboard');
});

test('wherever it leads is a page of ours', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((rest) => `/dashboard${rest}`),
      ),
      (next) => {
        const page = new URL(ownPage(next), 'https://wrenn.example');
        expect(page.origin).toBe('https://wrenn.example');
        expect(page.pathname).toMatch(/^\/(dashboard|admin|invitation)/);
      },
    ),
  );
});
