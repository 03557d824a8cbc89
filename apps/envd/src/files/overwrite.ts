import { constants, fstatSync, ftruncate, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { fileFault } from '../filesystem/file-fault.ts';
import { type Metadata, replaceMetadata } from '../filesystem/metadata.ts';
import type { Account } from '../users/accounts.ts';
import { asUser } from '../users/as-user.ts';
import { closeAside, readFully, writeFully } from './descriptors.ts';
import { openForReading, requireRegular } from './open-file.ts';
import type { Target } from './target.ts';

const truncate = promisify(ftruncate);
const { O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
const pieceBytes = 1024 * 1024;

/**
 * Copies the draft at `from` into the target itself: for a file that cannot be replaced, such as one that something is
 * mounted on. All of the content is here, so only a full disk or the end of the machine can leave half of it.
 */
export async function overwrite(
  target: Target,
  from: string,
  account: Account,
  metadata: Metadata,
): Promise<void> {
  using source = openForReading(from, account);
  try {
    const fd = openForWriting(target, account);
    try {
      let position = 0;
      for (const piece = Buffer.allocUnsafeSlow(pieceBytes); ; ) {
        const length = await readFully(source.fd, piece, position);
        await writeFully(fd, piece.subarray(0, length));
        position += length;
        if (length < pieceBytes) break;
      }
      await truncate(fd, position);
      replaceMetadata(fd, metadata);
    } finally {
      closeAside(fd);
    }
  } catch (thrown) {
    throw fileFault(thrown, target.path);
  }
}

function openForWriting({ path, realPath }: Target, account: Account): number {
  return asUser(account, () => {
    const fd = openSync(realPath, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
    try {
      requireRegular(fstatSync(fd), path);
      return fd;
    } catch (thrown) {
      closeAside(fd);
      throw thrown;
    }
  });
}
