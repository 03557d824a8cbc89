import { idFromUuid } from '@wrenn/core';
import type { RunningService } from '@wrenn/service';
import { createLogger } from '@wrenn/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from './serve.ts';

const id = idFromUuid('capsule', '01234567-89ab-cdef-0123-456789abcdef');
let edge: RunningService;

beforeAll(async () => {
  const context = {
    log: createLogger('edge', 'silent'),
    report: () => undefined,
    signal: new AbortController().signal,
  };
  edge = await serve({ listenAddress: { host: '127.0.0.1', port: 0 }, logLevel: 'silent' }, context);
});
afterAll(() => edge.stop('leave'));

const ask = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
  fetch(`${edge.facts['address']}${path}`, { ...init, headers });

describe('the edge', () => {
  it('says that it lives', async () => {
    const response = await ask('/health');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok' });
  });

  it('answers for a capsule in the shape of E2B clients, that it does not route yet', async () => {
    const response = await ask('/health', { 'E2b-Sandbox-Id': id, 'E2b-Sandbox-Port': '49983' });
    expect(response.status).toBe(501);
    expect(await response.json()).toMatchObject({ sandboxId: id, port: 49983, code: 501 });
  });

  it('names the header that is missing', async () => {
    const response = await ask('/', { 'E2b-Sandbox-Id': id });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: 'invalid_request', field: 'e2b-sandbox-port' },
    });
  });

  it('finds nothing elsewhere, also for a request with a body', async () => {
    const response = await ask('/files', {}, { method: 'POST', body: 'x'.repeat(100_000) });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'not_found' } });
  });
});
