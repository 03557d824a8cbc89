import { join } from 'node:path';

/** A certificate and its private key, as PEM files. */
export interface PairPaths {
  readonly certificate: string;
  readonly key: string;
}

export interface PkiPaths {
  readonly directory: string;
  readonly ca: PairPaths;
  readonly controlPlane: PairPaths;
  readonly host: PairPaths;
  readonly edge: PairPaths;
}

/** Who is who between the control plane and the agents of one installation. */
export function pkiPaths(wrennDirectory: string): PkiPaths {
  const directory = join(wrennDirectory, 'pki');
  const pair = (name: string) => ({
    certificate: join(directory, `${name}.crt`),
    key: join(directory, `${name}.key`),
  });
  return {
    directory,
    ca: pair('ca'),
    controlPlane: pair('control-plane'),
    host: pair('host'),
    edge: pair('edge'),
  };
}

/** The name in the control plane's client certificate, which agents ask for. */
export const controlPlaneName = 'wrenn-cp';

/** The name in the client certificate of edges, which relays ask for. */
export const edgeName = 'wrenn-edge';
