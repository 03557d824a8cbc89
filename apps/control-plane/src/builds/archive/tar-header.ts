import type { Header } from 'tar-stream';
import type { Member } from './member.ts';
import { refusal } from './refusal.ts';

/** With what its types leave out. */
export interface TarHeader extends Omit<Header, 'type' | 'linkname' | 'pax'> {
  /** Null is one that it does not know. */
  readonly type: Header['type'] | null;
  readonly linkname: string | null;
  /** Where the content begins in the tar. */
  readonly byteOffset: number;
  readonly pax: Readonly<Record<string, string>> | null;
}

const permissions = 0o7777;
/** A copy of the global ones is made for every entry. */
const mostAttributes = 1000;

/** A member as a header describes it; refuses what is no file, directory or link. */
export function tarMember(header: TarHeader, number: number, chunks: AsyncIterable<Buffer>): Member {
  const { name, mode, size, mtime, linkname } = header;
  if (!Number.isSafeInteger(size) || size < 0 || !Number.isSafeInteger(mode)) {
    throw refusal('has a damaged header', name);
  }
  checkAttributes(header);
  const type = memberType(header, size);
  if (type !== 'file' && size !== 0) throw refusal('has content but is not a file', name);
  const seconds = Math.floor(mtime.getTime() / 1000);
  return {
    number,
    name,
    type,
    mode: mode & permissions,
    mtime: Number.isSafeInteger(seconds) ? seconds : 0,
    size,
    target: linkname ?? '',
    chunks,
  };
}

function memberType({ type, name }: TarHeader, size: number): Member['type'] {
  switch (type) {
    case 'file':
    case 'contiguous-file':
      // The oldest tars have no other way to say directory.
      return name.endsWith('/') && size === 0 ? 'directory' : 'file';
    case 'directory':
    case 'symlink':
    case 'link':
      return type;
    case 'character-device':
    case 'block-device':
      throw refusal('is a device', name);
    case 'fifo':
      throw refusal('is a named pipe', name);
    default:
      throw refusal('is of a type that is not supported', name, {
        remedy: 'pack files, directories and links only, and no file as sparse',
      });
  }
}

function checkAttributes({ name, pax }: TarHeader): void {
  const keys = Object.keys(pax ?? {});
  if (keys.length > mostAttributes) throw refusal(`has more than ${mostAttributes} attributes`, name);
  if (keys.some((key) => key.startsWith('GNU.sparse.'))) {
    throw refusal('is a sparse file', name, { remedy: 'pack it without --sparse' });
  }
}
