import { X509Certificate } from 'node:crypto';
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { type HostId, newId, parseId, WrennError } from '@wrenn/core';
import { commonName, fits, isFresh, readPair } from './check.ts';
import type { Leaf, Pair } from './issue.ts';
import { controlPlaneName, edgeName, type PairPaths, type PkiPaths } from './paths.ts';

/**
 * Sees to it that the files of `paths` are there and good for a while: an authority, the control plane's client
 * certificate, and this machine's server certificate for `hostAddress`. What is good stays. Returns the ID of this
 * machine, which the server certificate keeps.
 */
export async function ensurePki(paths: PkiPaths, hostAddress: string, now: Date): Promise<HostId> {
  await mkdir(paths.directory, { recursive: true, mode: 0o700 });
  await chmod(paths.directory, 0o700);
  const ca = await ensureCa(paths.ca, now);
  const hostId = (await knownHost(paths.host)) ?? newId('host');
  await ensureLeaf(paths.controlPlane, ca, { use: 'client', name: controlPlaneName }, now);
  await ensureLeaf(paths.edge, ca, { use: 'client', name: edgeName }, now);
  await ensureLeaf(paths.host, ca, { use: 'server', name: hostId, address: hostAddress }, now);
  return hostId;
}

async function ensureCa(paths: PairPaths, now: Date): Promise<Pair> {
  const found = await readPair(paths);
  if (found !== undefined && isFresh(found.certificate, now)) return found;
  // Loaded where it is needed only: a start that finds its certificates does without.
  const { issueCa } = await import('./issue.ts');
  return await write(paths, await issueCa(now));
}

async function ensureLeaf(paths: PairPaths, ca: Pair, leaf: Leaf, now: Date): Promise<void> {
  const found = await readPair(paths);
  if (found !== undefined && fits(found, leaf, ca) && isFresh(found.certificate, now)) return;
  const { issueLeaf } = await import('./issue.ts');
  await write(paths, await issueLeaf(ca, leaf, now));
}

async function knownHost(paths: PairPaths): Promise<HostId | undefined> {
  const found = await readPair(paths);
  const name = found && commonName(new X509Certificate(found.certificate));
  if (name === undefined) return undefined;
  try {
    return parseId('host', name);
  } catch (thrown) {
    if (thrown instanceof WrennError) return undefined;
    throw thrown;
  }
}

/** Each file appears whole; a stop between the two leaves a pair that does not match, which is made anew. */
async function write(paths: PairPaths, pair: Pair): Promise<Pair> {
  for (const [path, text] of [
    [paths.key, pair.key],
    [paths.certificate, pair.certificate],
  ] as const) {
    await writeFile(`${path}.partial`, text, { mode: 0o600 });
    await rename(`${path}.partial`, path);
  }
  return pair;
}
