/** What an API key may be used for. A key with `all` may do what any key can. */
export const scopes = [
  'capsules:read',
  'capsules:write',
  'capsules:exec',
  'files:read',
  'files:write',
  'ports',
  'snapshots:read',
  'snapshots:write',
] as const;
export type Scope = (typeof scopes)[number];
export const grantableScopes = ['all', ...scopes] as const;
export type GrantableScope = (typeof grantableScopes)[number];
