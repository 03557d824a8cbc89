import { randomBytes } from 'node:crypto';
import { Secret } from '@wrenn/core';
import { createLogger } from '@wrenn/service';
import { Queues } from '../../queues/queues.ts';
import { Recorder } from '../recorder.ts';

/** A recorder for a database without a control plane; its queues run nowhere. */
export function testRecorder(
  databaseUrl: string,
  key = new Secret(randomBytes(32).toString('hex')),
): Recorder {
  return new Recorder(key, new Queues(databaseUrl, createLogger('test', 'silent')));
}
