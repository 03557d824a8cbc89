import { createLogger } from '@wrenn/service';
import { Recorder } from '../audit/recorder.ts';
import type { ControlPlaneConfig } from '../config.ts';
import { Queues } from '../queues/queues.ts';
import { ensureSecrets } from '../secrets/secrets.ts';

/** For what is done beside a server: what is sent waits in the database until one runs. */
export async function openRecorder(config: ControlPlaneConfig): Promise<Recorder> {
  const { audit } = await ensureSecrets(config.directory);
  return new Recorder(audit, new Queues(config.databaseUrl, createLogger('control-plane', 'error')));
}
