import { readFile } from 'node:fs/promises';
import { WrennError } from '@wrenn/core';
import { readPair } from '../pki/check.ts';
import { pkiPaths } from '../pki/paths.ts';

/** What the control plane shows to agents, and the authority that it takes theirs from; PEM. */
export interface AgentCredentials {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export async function readCredentials(wrennDirectory: string): Promise<AgentCredentials> {
  const paths = pkiPaths(wrennDirectory);
  const pair = await readPair(paths.controlPlane);
  if (pair === undefined) {
    throw new WrennError('missing_prerequisite', `no certificate for agents in ${paths.directory}`, {
      remedy: 'run `control-plane bootstrap` first; `npm start` does',
    });
  }
  return { ...pair, ca: await readFile(paths.ca.certificate, 'utf8') };
}
