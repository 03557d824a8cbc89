import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '@wrenn/core';

const fileName = '.dockerignore';
const nothing = () => false;

/**
 * What need not be sent, since the `.dockerignore` of the folder leaves it out of the build of a Dockerfile. The server is
 * who decides: known here are only rules without wildcards, of a file without exceptions.
 */
export async function ignoredIn(folder: string): Promise<(path: string) => boolean> {
  const text = await read(join(folder, fileName));
  return text === undefined ? nothing : ignoredBy(text);
}

export function ignoredBy(text: string): (path: string) => boolean {
  const rules = text
    .split('\n')
    .map((line) => (line.startsWith('#') ? '' : line.trim()))
    .filter((line) => line !== '');
  if (rules.some((rule) => rule.startsWith('!'))) return nothing;
  const paths = new Set(rules.flatMap((rule) => plainPath(rule) ?? []));
  // The server has to know the rules, whatever they say of themselves.
  paths.delete(fileName);
  return (path) => paths.has(path);
}

/** The path that a rule names; undefined where it may be several, or none. */
function plainPath(rule: string): string | undefined {
  const segments = rule.split('/').filter((segment) => segment !== '' && segment !== '.');
  const isPlain = segments.length > 0 && !segments.includes('..') && !/[*?[\]\\]/.test(rule);
  return isPlain ? segments.join('/') : undefined;
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
