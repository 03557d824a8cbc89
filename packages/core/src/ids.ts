import { WrennError } from './errors.ts';

declare const brand: unique symbol;
/** A string that can only come from this registry, so that IDs of different things cannot be mixed up. */
type Id<Kind extends string> = string & { readonly [brand]: Kind };

export type CapsuleId = Id<'capsule'>;
export type TeamId = Id<'team'>;
export type HostId = Id<'host'>;
export type TemplateId = Id<'template'>;
export type ApiKeyId = Id<'apiKey'>;
export type SnapshotId = Id<'snapshot'>;
export type JobId = Id<'job'>;
export type UserId = Id<'user'>;
export type SessionId = Id<'session'>;
export type InvitationId = Id<'invitation'>;
export type AuditEntryId = Id<'auditEntry'>;
export type ChannelId = Id<'channel'>;
export type EventId = Id<'event'>;
export type DeliveryId = Id<'delivery'>;
export type BuildId = Id<'build'>;
export type ArchiveId = Id<'archive'>;
export type ImageId = Id<'image'>;
export type OperationId = Id<'operation'>;

type Ids = {
  capsule: CapsuleId;
  team: TeamId;
  host: HostId;
  template: TemplateId;
  apiKey: ApiKeyId;
  snapshot: SnapshotId;
  job: JobId;
  user: UserId;
  session: SessionId;
  invitation: InvitationId;
  auditEntry: AuditEntryId;
  channel: ChannelId;
  event: EventId;
  delivery: DeliveryId;
  build: BuildId;
  archive: ArchiveId;
  image: ImageId;
  operation: OperationId;
};
export type IdKind = keyof Ids;

const prefixes: Record<IdKind, string> = {
  capsule: 'cl',
  team: 'team',
  host: 'host',
  template: 'tpl',
  apiKey: 'key',
  snapshot: 'snp',
  job: 'job',
  user: 'usr',
  session: 'ses',
  invitation: 'inv',
  auditEntry: 'log',
  channel: 'ch',
  event: 'evt',
  delivery: 'dlv',
  build: 'bld',
  archive: 'arc',
  image: 'img',
  operation: 'op',
};

const digits = 25;
const limit = 1n << 128n;
const zeroUuid = '00000000-0000-0000-0000-000000000000';

/** `prefix-` and the UUID as 25 base-36 digits: the form that users see. */
export function idFromUuid<K extends IdKind>(kind: K, uuid: string): Ids[K] {
  const hex = uuid.replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/i.test(hex)) throw new TypeError(`not a UUID: ${uuid}`);
  const value = BigInt(`0x${hex}`).toString(36).padStart(digits, '0');
  return `${prefixes[kind]}-${value}` as Ids[K];
}

/** The hyphenated UUID that the database stores. */
export function uuidFromId(id: Ids[IdKind]): string {
  return uuidOf(numberOf(id.slice(id.lastIndexOf('-') + 1)));
}

function uuidOf(value: bigint): string {
  const hex = value.toString(16).padStart(32, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function newId<K extends IdKind>(kind: K): Ids[K] {
  return idFromUuid(kind, crypto.randomUUID());
}

/** The all-zero ID: the platform team and the `minimal` template have it. */
export function zeroId<K extends IdKind>(kind: K): Ids[K] {
  return idFromUuid(kind, zeroUuid);
}

/**
 * Reads an ID that came from outside. The hyphen may be missing, since E2B's clients accept only `[a-z0-9]+`.
 * Throws `invalid_request` naming `field`.
 */
export function parseId<K extends IdKind>(kind: K, text: string, field = 'id'): Ids[K] {
  const prefix = prefixes[kind];
  const match = new RegExp(`^${prefix}-?([0-9a-z]{${digits}})$`).exec(text);
  const value = match?.[1];
  if (value === undefined || numberOf(value) >= limit) {
    throw new WrennError('invalid_request', `${field} is not a ${kind} ID`, {
      field,
      remedy: `a ${kind} ID is ${prefix}- and ${digits} characters of 0-9 and a-z`,
    });
  }
  return `${prefix}-${value}` as Ids[K];
}

/** The first and the last UUID whose ID begins like this, with or without what all IDs of the kind begin with. */
export function uuidsBeginning(
  kind: IdKind,
  text: string,
): { readonly first: string; readonly last: string } | undefined {
  const start = new RegExp(`^(?:${prefixes[kind]}-)?([0-9a-z]{1,${digits}})$`).exec(text)?.[1];
  if (start === undefined) return undefined;
  const first = numberOf(start.padEnd(digits, '0'));
  if (first >= limit) return undefined;
  const last = numberOf(start.padEnd(digits, 'z'));
  return { first: uuidOf(first), last: uuidOf(last < limit ? last : limit - 1n) };
}

function numberOf(base36: string): bigint {
  let value = 0n;
  for (const character of base36) value = value * 36n + BigInt(Number.parseInt(character, 36));
  return value;
}
