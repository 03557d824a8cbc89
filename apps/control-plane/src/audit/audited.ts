import type { Database } from '../db/database.ts';
import type { Recorder } from './recorder.ts';

/** What it takes to change something and write it down. */
export interface Audited {
  readonly database: Database;
  readonly recorder: Recorder;
}
