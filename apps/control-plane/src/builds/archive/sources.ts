import { basename } from 'node:path/posix';
import { WrennError } from '@wrenn/core';
import { quote } from '../registry/quote.ts';
import { namePattern } from './name-pattern.ts';
import type { Tree } from './tree.ts';

/** One file or directory that a source of COPY names. */
export interface Source {
  /** What a file is called where it is copied to: by the name that was given, not by the one that a link leads to. */
  readonly name: string;
  /** Where it is in the archive, behind all links. */
  readonly path: string;
}

/** What a source of COPY names in the archive, with wildcards; nothing is a fault. */
export function sourcesOf(tree: Tree, source: string): Source[] {
  const paths = matching(tree, partsOf(source));
  if (paths.length === 0) throw missing(source);
  return paths.map((path) => {
    const resolved = tree.resolve(path);
    if (resolved === undefined) throw missing(source, path);
    return { name: basename(path), path: resolved };
  });
}

/** A source's own path is tidied before anything is looked up, as a client of Docker does. */
function partsOf(source: string): string[] {
  const parts: string[] = [];
  for (const part of source.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) {
      throw new WrennError('invalid_request', `COPY: ${quote(source)} leads out of the archive`);
    }
  }
  return parts;
}

/** Links are followed up to the first wildcard only, so that what matches is no more than what is there. */
function matching(tree: Tree, parts: readonly string[]): string[] {
  const patterns = parts.map(namePattern);
  const firstWild = patterns.findIndex((pattern) => pattern.literal === undefined);
  const literal = (firstWild === -1 ? patterns : patterns.slice(0, firstWild)).map(({ literal }) => literal);
  if (firstWild === -1) return tree.resolve(literal.join('/')) === undefined ? [] : [literal.join('/')];
  const base = tree.resolve(literal.join('/'));
  let found = base === undefined ? [] : [base];
  for (const pattern of patterns.slice(firstWild)) {
    found = found
      .flatMap((path) => tree.children(path))
      .map((entry) => entry.path)
      .filter((path) => pattern.matches(basename(path)));
  }
  return found;
}

function missing(source: string, path = source): WrennError {
  const through = path === source ? '' : ` (matched by ${quote(source)})`;
  return new WrennError('invalid_request', `COPY: ${quote(path)}${through} is not in the archive`, {
    remedy:
      'name what the archive holds and .dockerignore does not leave out; links are followed in the archive only',
  });
}
