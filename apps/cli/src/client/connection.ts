import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode, WrennError } from '@wrenn/core';
import type { ClientConfig } from '../config.ts';

/** Where the API is and who asks. */
export interface Connection {
  readonly baseUrl: string;
  readonly apiKey: string;
}

export interface ConnectionFlags {
  readonly url?: string | undefined;
  readonly apiKey?: string | undefined;
}

const usualUrl = 'http://127.0.0.1:8080';

/**
 * From the flags, else the environment, else what `wrenn up` left in WRENN_DIR on this machine. The local key is
 * used only for the local address: it must not be sent to another server that `--url` names.
 */
export async function findConnection(flags: ConnectionFlags, config: ClientConfig): Promise<Connection> {
  const baseUrl = await findBaseUrl(flags, config);
  const givenKey = flags.apiKey || config.apiKey;
  if (givenKey !== '') return { baseUrl, apiKey: givenKey };

  const isLocal = await isLocalUrl(baseUrl, config);
  const localKey = isLocal ? await read(join(config.directory, 'api-key')) : undefined;
  if (localKey !== undefined) return { baseUrl, apiKey: localKey };
  throw new WrennError('unauthorized', `no API key for ${baseUrl}`, {
    remedy: isLocal
      ? 'start Wrenn on this machine with npm start, or set WRENN_API_KEY'
      : 'set WRENN_API_KEY or give --api-key',
  });
}

/**
 * The same for what takes an administrator of the platform: a given credential that is the token of a session, else the
 * password that `wrenn up` left on this machine, which is for the local address too.
 */
export async function findAdministrator(
  flags: ConnectionFlags,
  config: ClientConfig,
): Promise<Connection | { readonly baseUrl: string; readonly password: string }> {
  const baseUrl = await findBaseUrl(flags, config);
  const given = flags.apiKey || config.apiKey;
  if (isSessionToken(given)) return { baseUrl, apiKey: given };
  const isLocal = await isLocalUrl(baseUrl, config);
  const password = isLocal ? await read(join(config.directory, 'admin-password')) : undefined;
  if (password !== undefined) return { baseUrl, password };
  throw new WrennError('unauthorized', `no session of an administrator for ${baseUrl}`, {
    remedy: 'sign in, and set WRENN_API_KEY to the token of the session: an API key is a team’s',
  });
}

/** As the API tells it from a key. */
function isSessionToken(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

export async function findBaseUrl(flags: ConnectionFlags, config: ClientConfig): Promise<string> {
  const given = flags.url || config.baseUrl;
  return given === '' ? await findLocalUrl(config) : parseUrl(given);
}

async function isLocalUrl(baseUrl: string, config: ClientConfig): Promise<boolean> {
  return baseUrl === (await findLocalUrl(config));
}

async function findLocalUrl({ directory }: ClientConfig): Promise<string> {
  return parseUrl((await read(join(directory, 'address'))) ?? usualUrl);
}

/** Without a slash at the end. */
function parseUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '');
  throw new WrennError('invalid_request', `not an http or https address: ${text}`, {
    remedy: `give one as ${usualUrl}`,
  });
}

async function read(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    const code = systemCode(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code !== 'EACCES') throw cause;
    throw new WrennError('unauthorized', `${file} cannot be read by this user`, {
      cause,
      remedy: 'use sudo, or set WRENN_API_KEY',
    });
  }
}
