import { copyFile, rm } from 'node:fs/promises';
import { WrennError } from '@wrenn/core';
import { run } from '../process/run.ts';

export interface MergeOptions {
  /** From the lowest, which lies on `base`, to the topmost. */
  readonly chain: readonly string[];
  readonly base: string;
  /** Where the merged overlay of `base` is made; nothing may be there. */
  readonly destination: string;
  readonly signal: AbortSignal;
}

const mergeDeadlineMs = 300_000;

/**
 * Makes one overlay with the content of a chain of them. The chain is only read: the topmost is copied, and what the
 * copy lacks of those below it is written into it.
 */
export async function mergeDisks({ chain, base, destination, signal }: MergeOptions): Promise<void> {
  const top = chain.at(-1);
  if (top === undefined) throw new WrennError('agent_error', 'there is no disk to merge');
  try {
    await copyFile(top, destination);
    await run(['qemu-img', 'rebase', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, destination], {
      signal,
      timeoutMs: mergeDeadlineMs,
    });
  } catch (thrown) {
    await rm(destination, { force: true });
    throw thrown;
  }
}
