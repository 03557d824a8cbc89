import { answered, api, type Schemas } from '#lib/api/client.ts';
import type { AuditQuery } from './filter.ts';

/** Whose log it is: where it is read, and whether it may be exported. */
export interface AuditCalls {
  readonly page: (
    query: AuditQuery & { readonly limit: number; readonly before_id?: string },
    signal: AbortSignal,
  ) => Promise<Schemas['AuditEntries']>;
  readonly exportPath: string;
}

export const teamAudit: AuditCalls = {
  page: (query, signal) => answered(api.GET('/v1/audit-logs', { params: { query }, signal })),
  exportPath: '/v1/audit-logs/export',
};

export const platformAudit: AuditCalls = {
  page: (query, signal) => answered(api.GET('/v1/admin/audit-logs', { params: { query }, signal })),
  exportPath: '/v1/admin/audit-logs/export',
};
