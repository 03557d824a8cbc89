import { type Config, setting, settingType } from '@wrenn/core';
import { z } from 'zod';
import { lastSlot } from './network/slot.ts';

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
  logLevel: setting('LOG_LEVEL', settingType.logLevel, 'info', 'debug, info, warn, error or silent.'),
};

export type AgentConfig = Config<typeof settings>;
