import { basename, extname } from 'node:path';
import { mimes } from 'mrmime';

/** What the file is and is called, for whoever shows or saves it. */
export function contentHeaders(path: string) {
  const name = basename(path);
  return {
    'content-type': typeOf(name),
    'content-disposition': dispositionOf(name),
    // What a capsule's programs wrote is shown as what its name says, and as nothing else.
    'x-content-type-options': 'nosniff',
  };
}

function typeOf(name: string): string {
  const extension = extname(name).slice(1).toLowerCase();
  const type = Object.hasOwn(mimes, extension) ? mimes[extension] : undefined;
  return type ?? 'application/octet-stream';
}

/** The name twice, as RFC 6266 has it: in ASCII for clients that know no better, and as it is. */
export function dispositionOf(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/gu, '_');
  return `inline; filename="${ascii}"${ascii === name ? '' : `; filename*=UTF-8''${extendedValue(name)}`}`;
}

/** RFC 8187. */
function extendedValue(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
