export type Strength = 'none' | 'short' | 'weak' | 'fair' | 'strong';

/** What the API takes. */
export const shortestPassword = 8;
export const longestPassword = 1024;

const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/];

/** How hard a password is to guess, roughly: how many characters it has, how different, and of how many kinds. */
export function strengthOf(password: string): Strength {
  if (password === '') return 'none';
  if (password.length < shortestPassword) return 'short';
  const different = new Set(password).size;
  const points =
    Math.min(password.length, different * 2) + kinds.filter((kind) => kind.test(password)).length * 2;
  if (points < 14) return 'weak';
  return points < 20 ? 'fair' : 'strong';
}
