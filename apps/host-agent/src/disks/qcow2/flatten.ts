import { chmod, chown, open, rm } from 'node:fs/promises';
import { WrennError } from '@wrenn/core';
import { run } from '../../process/run.ts';
import type { FlattenOptions } from '../engine-disks.ts';
import { checkChain } from './merge.ts';

/** For the largest disk, on a host that is busy with others. */
const flattenDeadlineMs = 540_000;

/**
 * The content of a chain of overlays as one raw file. The machine that wrote them may still run, and whoever took it over
 * could change the names in them after they were checked: so it is read with the rights of that machine's user.
 */
export async function flattenDisks({
  chain,
  base,
  destination,
  reader,
  signal,
}: FlattenOptions): Promise<void> {
  const top = chain.at(-1);
  if (top === undefined) throw new WrennError('agent_error', 'there is no disk to flatten');
  await checkChain(chain, base);
  await using file = await open(destination, 'wx', 0o600);
  try {
    await file.chown(reader.uid, reader.gid);
    const user = [`--reuid=${reader.uid}`, `--regid=${reader.gid}`, '--clear-groups'];
    await run(
      [
        ...(['setpriv', ...user, '--no-new-privs', '--pdeathsig', 'KILL', '--'] as const),
        // -U: the machine goes on above these.
        ...['qemu-img', 'convert', '-q', '-U', '-f', 'qcow2', '-O', 'raw', top, destination],
      ],
      { signal, timeoutMs: flattenDeadlineMs },
    );
    await chown(destination, 0, 0);
    await chmod(destination, 0o600);
  } catch (thrown) {
    await rm(destination, { force: true });
    throw thrown;
  }
}
