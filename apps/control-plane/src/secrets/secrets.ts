import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret, systemCode, WrennError } from '@wrenn/core';

/** Secrets of an installation, each for one purpose. All replicas have the same files. */
export interface Secrets {
  /** The credentials of capsules' ports are derived from it. */
  readonly portAccess: Buffer;
  /** What edges show to the control plane. */
  readonly edge: Secret;
  /** Tokens of sessions are signed with it. */
  readonly session: Secret;
  /** What a browser carries while somebody signs in through a provider is signed with it. */
  readonly oauth: Secret;
  /** Entries of the audit log are chained with it: who can only write to the database cannot forge them. */
  readonly audit: Secret;
  /** Settings of channels and mails that wait are sealed with it. */
  readonly sealing: Secret;
}

const names = ['port-access', 'edge', 'session', 'oauth', 'audit', 'sealing'] as const;

const pattern = /^[0-9a-f]{64}$/;

/** Reads the secrets below `WRENN_DIR/secrets`, and makes those that are not there. */
export async function ensureSecrets(directory: string): Promise<Secrets> {
  const folder = join(directory, 'secrets');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [portAccess = '', ...others] = await Promise.all(names.map((name) => ensure(folder, name)));
  const [edge, session, oauth, audit, sealing] = others.map((value) => new Secret(value));
  if (!edge || !session || !oauth || !audit || !sealing) throw new TypeError('a secret was not read');
  return { portAccess: Buffer.from(portAccess, 'hex'), edge, session, oauth, audit, sealing };
}

/** For what cannot do with a new one: throws where the installation has none. */
export async function existingSecret(directory: string, name: (typeof names)[number]): Promise<Secret> {
  const path = join(directory, 'secrets', name);
  const found = await read(path);
  if (found !== undefined) return new Secret(found);
  throw new WrennError('missing_prerequisite', `${path} is not there`, {
    remedy: 'set WRENN_DIR to the directory of the installation',
  });
}

/** Appears whole, and once: of two that make it at the same time one reads what the other has made. */
async function ensure(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  const found = await read(path);
  if (found !== undefined) return found;
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, path);
  } catch (thrown) {
    if (systemCode(thrown) !== 'EEXIST') throw thrown;
  } finally {
    await rm(draft);
  }
  return (await read(path)) ?? (await ensure(folder, name));
}

async function read(path: string): Promise<string | undefined> {
  try {
    const text = (await readFile(path, 'utf8')).trim();
    if (pattern.test(text)) return text;
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
  throw new WrennError('missing_prerequisite', `${path} is damaged`, {
    remedy:
      'put back the file from a backup, or remove it: a new one voids what was made from the one before',
  });
}
