import { ownPage } from './next.ts';

// What has to outlive a way over other sites or over a mail, which an address of ours does not.

const nextKey = 'wrenn.next';
const invitationKey = 'wrenn.invitation';
/** As long as a mail of a sign-up is good. */
const invitationMs = 30 * 60_000;

/** Remembers in this tab where to go after a sign-in elsewhere. */
export function keepNext(next: string): void {
  sessionStorage.setItem(nextKey, next);
}

/** Remembers in this browser an invitation that waits until its person is signed in: its token is in no address. */
export function keepInvitation(token: string): void {
  localStorage.setItem(invitationKey, JSON.stringify({ token, until: Date.now() + invitationMs }));
}

export function keptInvitation(): string | undefined {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(invitationKey) ?? 'null');
    if (typeof kept !== 'object' || kept === null || !('token' in kept) || !('until' in kept))
      return undefined;
    const isGood = typeof kept.until === 'number' && kept.until > Date.now();
    return isGood && typeof kept.token === 'string' ? kept.token : undefined;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

export function dropInvitation(): void {
  localStorage.removeItem(invitationKey);
}

/** Where somebody goes who has just come in. */
export function pageAfterSignIn(): string {
  const next = ownPage(sessionStorage.getItem(nextKey) ?? '');
  sessionStorage.removeItem(nextKey);
  return keptInvitation() === undefined ? next : '/invitation';
}
