import { mkdirSync } from 'node:fs';
import { systemCode, WrennError } from '@wrenn/core';
import { fileFault } from './file-fault.ts';
import type { Steps } from './in-slices.ts';
import { cleanPath, parentOf } from './path-parts.ts';

const mode = 0o755;

/**
 * Makes a directory and those that it is in, as the user that the steps run as: `inSlices(account,
 * makeDirectories(path), signal)`. `there`: something of this name is. Throws as fileFault does: `invalid_request` when
 * something on the way is not a directory, `not_found` for a link on the way that leads nowhere.
 */
export function* makeDirectories(path: string, field = 'path'): Steps<'made' | 'there'> {
  const missing: string[] = [];
  let next = cleanPath(path);
  let outcome = make(next, field);
  while (outcome === 'folder-missing' && next !== '/') {
    missing.push(next);
    next = parentOf(next);
    yield;
    outcome = make(next, field);
  }
  for (const folder of missing.reverse()) {
    yield;
    outcome = make(folder, field);
    if (outcome === 'folder-missing') break;
  }
  if (outcome !== 'folder-missing') return outcome;
  throw new WrennError('not_found', `path '${parentOf(cleanPath(path))}' leads nowhere`, { field });
}

function make(path: string, field: string): 'made' | 'there' | 'folder-missing' {
  try {
    mkdirSync(path, mode);
    return 'made';
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === 'EEXIST') return 'there';
    if (code === 'ENOENT') return 'folder-missing';
    throw fileFault(thrown, path, field);
  }
}
