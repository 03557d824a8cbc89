import { access } from 'node:fs/promises';
import { systemCode } from '@wrenn/core';
import { run } from '../process/run.ts';
import { interfaceNames, namespaceFolder } from './inventory.ts';
import type { Slot } from './slot.ts';

const timeoutMs = 15_000;

/**
 * Removes what there is of a slot, however much that is; its routes, addresses and rules go with it. It takes no
 * signal: what was begun has to be removed also when its operation was cancelled.
 *
 * The processes inside must have ended, or the TAP lives on without a name until they do.
 */
export async function destroySlot(slot: Slot): Promise<void> {
  const commands: string[] = [];
  // The pair goes first: with the namespace it would go too, but only some time after `ip netns del` has returned.
  if ((await interfaceNames()).includes(slot.veth)) commands.push(`link del ${slot.veth}`);
  if (await exists(`${namespaceFolder}/${slot.namespace}`)) commands.push(`netns del ${slot.namespace}`);
  if (commands.length === 0) return;
  const input = `${commands.join('\n')}\n`;
  await run(['ip', '-force', '-batch', '-'], { input, signal: new AbortController().signal, timeoutMs });
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}
