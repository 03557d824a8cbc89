import type { Daemon } from '../guest/daemon.ts';
import type { InitRequest } from '../init/init-request.ts';
import { log } from '../log.ts';
import type { Metadata } from './metadata.ts';

/**
 * Fills in what `/init` left out. What it said holds: it came with the host's secret, and the answers of the service
 * only from where the network leads. What differs is logged, since then one of the two is for another machine.
 */
export function applyMetadata(
  daemon: Pick<Daemon, 'settings' | 'access' | 'machine'>,
  said: Pick<InitRequest, 'capsuleId' | 'templateId'>,
  metadata: Metadata,
): void {
  const { accessTokenHash } = metadata;
  for (const field of ['capsuleId', 'templateId'] as const) {
    if (said[field] === undefined || said[field] === metadata[field]) continue;
    log('the metadata service says otherwise', { field, init: said[field], metadata: metadata[field] });
  }
  if (accessTokenHash !== undefined && !daemon.access.isHashOfToken(accessTokenHash)) {
    log('the metadata service knows another access token');
  }
  if (said.capsuleId !== undefined && said.templateId !== undefined) return;
  daemon.settings = {
    ...daemon.settings,
    capsuleId: said.capsuleId ?? metadata.capsuleId,
    templateId: said.templateId ?? metadata.templateId,
  };
  daemon.machine.writeIdentityFiles(daemon.settings);
}
