import type { Schemas } from '#lib/api/client.ts';

/** Whose capsules: those of the team that is signed in, or of the platform's, as its administrators see them. */
export type CapsuleArea = 'team' | 'admin';

/** A capsule as the API tells of one. */
export type Capsule = Schemas['Capsule'];
