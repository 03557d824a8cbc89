/** What the server tells of as it happens; each page listens to those that it shows. */
export const liveKinds = [
  'capsule',
  'operation',
  'template',
  'build',
  'team',
  'member',
  'invitation',
  'key',
  'channel',
  'host',
  'user',
] as const;

export type LiveKind = (typeof liveKinds)[number];

/** Something that a page shows has changed. What else the server says depends on the kind (docs/live.md). */
export interface LiveChange {
  readonly action: 'created' | 'changed' | 'removed';
  readonly id?: string;
  readonly [fact: string]: unknown;
}
