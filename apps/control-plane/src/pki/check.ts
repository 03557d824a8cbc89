import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { systemCode } from '@wrenn/core';
import type { Leaf, Pair } from './issue.ts';
import type { PairPaths } from './paths.ts';

/** Reads a pair from disk; undefined when a part is missing or does not parse, so that it is made anew. */
export async function readPair(paths: PairPaths): Promise<Pair | undefined> {
  try {
    const [certificate, key] = await Promise.all([
      readFile(paths.certificate, 'utf8'),
      readFile(paths.key, 'utf8'),
    ]);
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
      ? { certificate, key }
      : undefined;
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === undefined || code === 'ENOENT' || code.startsWith('ERR_OSSL')) return undefined;
    throw thrown;
  }
}

/** A third of a certificate's life must be left, so that an installation that is seldom started keeps working. */
export function isFresh(pem: string, now: Date): boolean {
  const { validFromDate, validToDate } = new X509Certificate(pem);
  const life = validToDate.getTime() - validFromDate.getTime();
  return validFromDate <= now && validToDate.getTime() - now.getTime() > life / 3;
}

/** Whether a pair is what `leaf` asks for, signed by this authority. */
export function fits(pair: Pair, leaf: Leaf, ca: Pair): boolean {
  const certificate = new X509Certificate(pair.certificate);
  if (!certificate.verify(new X509Certificate(ca.certificate).publicKey)) return false;
  if (commonName(certificate) !== leaf.name) return false;
  if (leaf.use === 'client') return true;
  const found =
    isIP(leaf.address) === 0 ? certificate.checkHost(leaf.address) : certificate.checkIP(leaf.address);
  return found !== undefined;
}

export function commonName(certificate: X509Certificate): string | undefined {
  return /^CN=(.+)$/m.exec(certificate.subject)?.[1];
}
