import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Secret } from '@wrenn/core';
import type { ActorType, AuditScope, AuditStatus } from '../db/schema.ts';

/** What of an entry is in the chain as it stands: everything that is nobody's personal data. */
export interface ChainedFacts {
  /** UUIDs, as the database has them. */
  readonly teamId: string;
  readonly id: string;
  readonly number: number;
  /** ISO, with milliseconds. */
  readonly createdAt: string;
  readonly actorType: ActorType;
  readonly resourceType: string;
  readonly resourceId: string | null;
  readonly action: string;
  readonly scope: AuditScope;
  readonly status: AuditStatus;
  readonly metadata: unknown;
}

/** What is forgotten with an account: in the chain by a salted digest only. */
export interface PersonalFacts {
  readonly actorId: string | null;
  readonly actorName: string;
  readonly personal: unknown;
}

/** Where a chain ends, and what was removed from its beginning. */
export interface ChainFacts {
  readonly teamId: string;
  readonly number: number;
  readonly digest: Buffer;
  readonly removedNumber: number;
  readonly removedDigest: Buffer;
}

/** The digest before the first entry of a chain. */
export const noDigest = Buffer.alloc(32);

/** The key that the entries of an installation are chained with. */
export function chainKey(secret: Secret): KeyObject {
  return createSecretKey(Buffer.from(secret.reveal(), 'hex'));
}

export function personalDigest(key: KeyObject, salt: Buffer, facts: PersonalFacts): Buffer {
  const { actorId, actorName, personal } = facts;
  return hmac(key, ['personal', salt.toString('hex'), actorId, actorName, personal]);
}

/** Binds an entry to all before it. */
export function entryDigest(key: KeyObject, previous: Buffer, personal: Buffer, facts: ChainedFacts): Buffer {
  return hmac(key, [
    'entry',
    previous.toString('hex'),
    personal.toString('hex'),
    facts.teamId,
    facts.id,
    facts.number,
    facts.createdAt,
    facts.actorType,
    facts.resourceType,
    facts.resourceId,
    facts.action,
    facts.scope,
    facts.status,
    facts.metadata,
  ]);
}

/** Without the key nobody can say of a chain that it ends earlier, or begins later, than it does. */
export function chainSeal(key: KeyObject, chain: ChainFacts): Buffer {
  return hmac(key, [
    'chain',
    chain.teamId,
    chain.number,
    chain.digest.toString('hex'),
    chain.removedNumber,
    chain.removedDigest.toString('hex'),
  ]);
}

function hmac(key: KeyObject, value: unknown): Buffer {
  return createHmac('sha256', key).update(canonical(value)).digest();
}

/** JSON with the keys of each object in order: jsonb keeps no order. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(',')}}`;
}
