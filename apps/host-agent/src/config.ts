import { type Config, setting, settingType, WrennError } from '@wrenn/core';
import { z } from 'zod';
import { lastSlot } from './network/slot.ts';
import { type SlotRange, selftestSlots } from './network/slot-range.ts';

const slotIndex = settingType.count.pipe(z.number().min(1).max(lastSlot));

export const settings = {
  directory: setting(
    'WRENN_DIR',
    settingType.text,
    '/var/lib/wrenn',
    'Where capsules, templates and keys are kept.',
  ),
  cacheDirectory: setting(
    'WRENN_CACHE_DIR',
    settingType.text,
    '/var/cache/wrenn',
    'Where images are kept. They are named by the hash of their recipe, so installations can share them.',
  ),
  listenAddress: setting(
    'WRENN_HOST_LISTEN_ADDR',
    settingType.listenAddress,
    '127.0.0.1:50051',
    'Address and port of the RPC that the control plane calls, with mutual TLS.',
  ),
  relayAddress: setting(
    'WRENN_RELAY_LISTEN_ADDR',
    settingType.listenAddress,
    '127.0.0.1:50052',
    'Address and port of the relay, a process of the agent: files and ports of capsules, with mutual TLS.',
  ),
  slotFirst: setting(
    'WRENN_SLOT_FIRST',
    slotIndex,
    '1',
    'First network slot of this agent. Agents on one machine need ranges that do not overlap.',
  ),
  slotCount: setting(
    'WRENN_SLOT_COUNT',
    slotIndex,
    '1024',
    'How many network slots this agent may use; one serves DNS and metadata.',
  ),
  slotsReady: setting(
    'WRENN_SLOTS_READY',
    settingType.count,
    '4',
    'Network slots that are kept ready for new capsules.',
  ),
  metricsIntervalSec: setting(
    'WRENN_METRICS_INTERVAL_SEC',
    settingType.count.pipe(z.number().min(1).max(30)),
    '5',
    'Seconds between two samples of what a capsule uses, 1 to 30. Each is a request to the guest: an emulated one works some ten milliseconds for it.',
  ),
  engine: setting(
    'WRENN_ENGINE',
    z.enum(['auto', 'qemu', 'firecracker'], { error: 'must be auto, qemu or firecracker' }),
    'auto',
    'What runs the virtual machines. auto: Firecracker where there is KVM and a build of it, else QEMU.',
  ),
  firecrackerDirectory: setting(
    'WRENN_FIRECRACKER_DIR',
    settingType.text,
    '/opt/wrenn/firecracker',
    'Builds of Firecracker: a folder each, with firecracker and, for its jail, jailer in it. Several may be there: a snapshot restores with the one that made it, new machines get the newest.',
  ),
  firecrackerConsole: setting(
    'WRENN_FIRECRACKER_CONSOLE',
    z.enum(['off', 'boot'], { error: 'must be off or boot' }),
    'off',
    'boot: guests have a serial console while a template boots with Firecracker, which a failed boot is then explained with.',
  ),
  logLevel: setting('LOG_LEVEL', settingType.logLevel, 'info', 'debug, info, warn, error or silent.'),
};

export type AgentConfig = Config<typeof settings>;

/** Throws `missing_prerequisite` for a range without room for a capsule, or one that reaches into the self-test's. */
export function slotsOf({ slotFirst, slotCount }: Pick<AgentConfig, 'slotFirst' | 'slotCount'>): SlotRange {
  const end = slotFirst + slotCount;
  if (slotCount < 2)
    throw wrongSlots('WRENN_SLOT_COUNT: one slot serves DNS and metadata', 'set it to 2 or more');
  if (end > selftestSlots.first) {
    throw wrongSlots(
      `WRENN_SLOT_FIRST, WRENN_SLOT_COUNT: slots ${slotFirst} to ${end - 1} reach beyond ${selftestSlots.first - 1}`,
      `lower one of them: those from ${selftestSlots.first} on are for wrenn agent selftest`,
    );
  }
  return { first: slotFirst, count: slotCount };
}

function wrongSlots(message: string, remedy: string): WrennError {
  return new WrennError('missing_prerequisite', `configuration: ${message}`, { remedy });
}
