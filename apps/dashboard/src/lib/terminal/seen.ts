const prefix = 'wrenn.terminal.seen.';

/** Up to which frame a terminal was shown on this page, before it was loaded again; 0 where it was not. */
export function seenOf(tag: string): number {
  return Number(sessionStorage.getItem(prefix + tag) ?? 0);
}

export function keepSeen(tag: string, number: number): void {
  sessionStorage.setItem(prefix + tag, String(number));
}

export function forgetSeen(tag: string): void {
  sessionStorage.removeItem(prefix + tag);
}
