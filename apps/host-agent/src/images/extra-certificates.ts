import { X509Certificate } from 'node:crypto';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '@wrenn/core';

export interface CertificatePlaces {
  /** Where an administrator puts certificates on Debian. */
  readonly localDirectory: string;
  /** What `update-ca-certificates` makes of Debian's and the local ones. */
  readonly systemBundle: string;
  /** Further bundles, as programs are told by their environment. */
  readonly bundles: readonly string[];
}

export function certificatePlaces(environment: NodeJS.ProcessEnv): CertificatePlaces {
  const bundles = [environment['NODE_EXTRA_CA_CERTS'], environment['SSL_CERT_FILE']];
  return {
    localDirectory: '/usr/local/share/ca-certificates',
    systemBundle: '/etc/ssl/certs/ca-certificates.crt',
    bundles: bundles.flatMap((path) => (path === undefined || path === '' ? [] : [path])),
  };
}

/**
 * The certificate authorities that this machine trusts beyond Debian's, as PEM, sorted, each once: where a network
 * inspects TLS, guests must trust its authority too. Blocks that are no CA certificate are left out.
 */
export async function extraCertificates(places: CertificatePlaces): Promise<string[]> {
  const local = await Promise.all((await localFiles(places.localDirectory)).map((path) => readFile(path)));
  const found = local.flatMap((content) => pemBlocks(content.toString('latin1')));
  const systemPath = await realpath(places.systemBundle).catch(absent);
  const paths = new Set(await Promise.all(places.bundles.map((path) => realpath(path).catch(absent))));
  const others = [...paths].filter((path) => path !== undefined && path !== systemPath);
  if (others.length > 0) {
    const ofDebian = new Set(systemPath === undefined ? [] : pemBlocks(await readFile(systemPath, 'latin1')));
    for (const path of others) {
      if (path === undefined) continue;
      found.push(...pemBlocks(await readFile(path, 'latin1')).filter((block) => !ofDebian.has(block)));
    }
  }
  return [...new Set(found)].filter(isAuthority).sort();
}

/** The certificates in a PEM text, each in one form whatever its line ends. */
export function pemBlocks(text: string): string[] {
  const blocks = text.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g);
  return [...blocks].map((match) => {
    const lines = (match[1] ?? '').replaceAll(/\s/g, '').match(/.{1,64}/g) ?? [];
    return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
  });
}

function isAuthority(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca;
  } catch {
    // Not a certificate that this Node can read: no TLS library of a guest would do better.
    return false;
  }
}

async function localFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(absent);
  return (entries ?? [])
    .filter((entry) => !entry.isDirectory() && entry.name.endsWith('.crt'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function absent(thrown: unknown): undefined {
  if (systemCode(thrown) === 'ENOENT' || systemCode(thrown) === 'ENOTDIR') return undefined;
  throw thrown;
}
