import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';

interface Owned {
  /** Within the layer, without a slash before it. */
  readonly path: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly xattrs?: Readonly<Record<string, string>>;
}

export type LayerEntry =
  | ({ readonly kind: 'file'; readonly content?: string | Buffer } & Owned)
  | ({ readonly kind: 'directory' | 'fifo' } & Owned)
  | ({ readonly kind: 'symlink' | 'link'; readonly target: string } & Owned)
  | ({ readonly kind: 'character-device'; readonly major: number; readonly minor: number } & Owned)
  /** Takes away what lower layers have there. */
  | { readonly kind: 'whiteout'; readonly path: string }
  /** Takes away all that lower layers have in a directory. */
  | { readonly kind: 'opaque'; readonly path: string };

/** A layer as an uncompressed tar, with its entries in the order given. */
export async function tarOf(entries: readonly LayerEntry[]): Promise<Buffer> {
  const tar = pack();
  const whole = buffer(tar);
  for (const entry of entries) {
    const content = entry.kind === 'file' ? Buffer.from(entry.content ?? '') : undefined;
    tar.entry(headerOf(entry), content ?? '');
  }
  tar.finalize();
  return await whole;
}

function headerOf(entry: LayerEntry) {
  const mtime = new Date(0);
  if (entry.kind === 'whiteout') {
    const slash = entry.path.lastIndexOf('/') + 1;
    return { name: `${entry.path.slice(0, slash)}.wh.${entry.path.slice(slash)}`, mtime };
  }
  if (entry.kind === 'opaque') return { name: `${entry.path}/.wh..wh..opq`, mtime };
  const { path, kind, uid = 0, gid = 0, mode = kind === 'directory' ? 0o755 : 0o644, xattrs = {} } = entry;
  const pax = Object.fromEntries(
    Object.entries(xattrs).map(([name, value]) => [`SCHILY.xattr.${name}`, value]),
  );
  return {
    ...{ name: path, type: kind, mode, uid, gid, mtime },
    ...(Object.keys(pax).length === 0 ? {} : { pax }),
    ...('target' in entry ? { linkname: entry.target } : {}),
    ...('major' in entry ? { devmajor: entry.major, devminor: entry.minor } : {}),
  };
}
