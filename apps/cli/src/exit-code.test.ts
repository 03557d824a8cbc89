import { WrennError } from '@wrenn/core';
import { WrennApiError } from '@wrenn/sdk';
import { expect, it } from 'vitest';
import { exitCodeHelp, exitCodeOf, exitCodes } from './exit-code.ts';

it.each([
  [new WrennError('invalid_request', ''), 2],
  [new WrennApiError({ code: 'unreachable', message: '', status: 0 }), 3],
  [new WrennApiError({ code: 'forbidden', message: '', status: 403 }), 4],
  [new WrennApiError({ code: 'not_found', message: '', status: 404 }), 5],
  [new WrennError('cancelled', ''), 130],
  [new WrennApiError({ code: 'a_code_of_the_future', message: '', status: 418 }), 1],
  [new WrennError('internal_error', ''), 1],
  [new TypeError('not_found'), 1],
])('%s exits with %i', (thrown, code) => {
  expect(exitCodeOf(thrown)).toBe(code);
});

it('the help names every exit code', () => {
  for (const code of Object.values(exitCodes)) expect(exitCodeHelp).toMatch(new RegExp(`^  ${code} `, 'm'));
});
