/** A process that opens a pool, takes a slot, says its index and waits to be killed: for the test that does it. */
import { createLogger } from '@wrenn/service';
import { SlotPool } from '../slot-pool.ts';
import type { SlotRange } from '../slot-range.ts';

const range = JSON.parse(process.argv[2] ?? '') as SlotRange;
const signal = new AbortController().signal;
const pool = await SlotPool.open({ range, ready: 2, log: createLogger('victim', 'silent'), signal });
const slot = await pool.acquire(signal);
process.send?.(slot.index);
// Listening keeps it alive, and ends it should the test be gone first.
process.on('disconnect', () => process.exit());
