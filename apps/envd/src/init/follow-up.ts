import type { Daemon } from '../guest/daemon.ts';
import { applyMetadata } from '../metadata-service/apply-metadata.ts';
import type { InitRequest } from './init-request.ts';

/** What an `/init` brings about that nobody waits for: to be started when its answer is on its way. */
export function followUp(daemon: Daemon, request: InitRequest): void {
  daemon.ports.start();
  void daemon.machine.renewSshHostKeys(daemon.searchPath, daemon.workload);
  const isWhole = request.capsuleId !== undefined && request.templateId !== undefined;
  daemon.metadata.start(isWhole ? 'to-compare' : 'urgent', (metadata) =>
    applyMetadata(daemon, request, metadata),
  );
}
