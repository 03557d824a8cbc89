import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WrennError } from '@wrenn/core';

/** What this host proves itself with, and the authority that it takes callers' certificates from; PEM. */
export async function readHostCredentials(directory: string) {
  try {
    const [ca, cert, key] = await Promise.all(
      ['ca.crt', 'host.crt', 'host.key'].map((name) => readFile(join(directory, name))),
    );
    return { ca, cert, key };
  } catch (cause) {
    throw new WrennError('missing_prerequisite', `reading this host's certificate in ${directory}`, {
      cause,
      remedy: '`wrenn up` makes the certificates of a machine of its own',
    });
  }
}
