import type { Schemas } from '#lib/api/client.ts';

type Role = Schemas['Team']['role'];

/** `undefined` where somebody may do it; else why not, for beside the button. */
export function managingWhy(role: Role | null | undefined): string | undefined {
  return role === 'owner' || role === 'admin' ? undefined : 'The owner and admins of the team can do this.';
}

export function owningWhy(role: Role | null | undefined): string | undefined {
  return role === 'owner' ? undefined : 'Only the owner of the team can do this.';
}
