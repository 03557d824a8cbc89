/** What pages show, and are told of when it changes: the names of the events of `GET /v1/live`. */
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

export const liveActions = ['created', 'changed', 'removed'] as const;
export type LiveAction = (typeof liveActions)[number];
