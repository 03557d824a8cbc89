import { duration } from '#lib/format/amounts.ts';

export interface ReceiptLine {
  readonly label: string;
  readonly said: string;
  /** A name or a number, not a word. */
  readonly isData?: true;
}

const known: Readonly<Record<string, (value: unknown) => ReceiptLine>> = {
  'clock.steppedByMs': (value) => ({ label: 'Clock', said: stepped(value) }),
  'entropy.reseeded': (value) => ({ label: 'Random pool', said: value === true ? 'new' : 'as it was' }),
  'identity.hostname': (value) => ({ label: 'Name of the host', said: String(value), isData: true }),
  'identity.machineId': (value) => ({ label: 'ID of the machine', said: String(value), isData: true }),
  'identity.sshHostKeys': (value) => ({
    label: 'Keys of SSH',
    said: value === 'removed' ? 'removed; new ones follow' : String(value),
  }),
  'trust.installed': (value) => ({
    label: 'Certificates',
    said: value === true ? 'installed' : 'as they were',
  }),
  'connections.closed': (value) => ({ label: 'Connections of before', said: `${String(value)} closed` }),
  version: (value) => ({ label: 'Guest daemon', said: String(value), isData: true }),
};

/** What the guest says was fixed in it, for people; what is not known is said as it came. */
export function receiptLines(receipt: Readonly<Record<string, unknown>>): readonly ReceiptLine[] {
  return flat(receipt, '').map(
    ([path, value]) => known[path]?.(value) ?? { label: path, said: written(value) },
  );
}

function flat(record: object, before: string): (readonly [string, unknown])[] {
  return Object.entries(record).flatMap(([key, value]: [string, unknown]): (readonly [string, unknown])[] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? flat(value, `${before}${key}.`)
      : [[`${before}${key}`, value]],
  );
}

function stepped(value: unknown): string {
  if (typeof value !== 'number') return written(value);
  if (Math.abs(value) < 1) return 'was right';
  return `set ${value > 0 ? 'forward' : 'back'} by ${duration(Math.abs(value))}`;
}

function written(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
