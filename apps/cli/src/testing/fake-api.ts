import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** What a test wants the fake to do with a command. */
export interface FakeApiOptions {
  /** The lines of its stream; `hang` leaves the stream open after them. */
  readonly events?: readonly object[];
  readonly afterEvents?: 'end' | 'hang';
  /** The children of a fork that cannot be started. */
  readonly failed?: readonly (typeof failedChild)[];
}

/**
 * Stands in for the API: it makes, lists, pauses, forks and destroys capsules that do not exist, and plays back one
 * stream.
 */
export interface FakeApi extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly { readonly line: string; readonly key: string; readonly body: unknown }[];
}

export const capsule = {
  id: 'cl-0000000000000000000000001',
  status: 'running',
  template: 'minimal',
  vcpus: 1,
  memory_mb: 512,
  disk_size_mb: 5120,
  timeout_sec: 0,
  isolation: 'emulated',
  created_at: '2026-01-01T00:00:00.000Z',
  last_updated: '2026-01-01T00:00:00.000Z',
  metadata: {},
  steps: [],
};

export const snapshot = {
  id: 'snp-0000000000000000000000001',
  name: 'mine',
  type: 'snapshot',
  vcpus: 1,
  memory_mb: 512,
  size_bytes: 36_909_875,
  created_at: '2026-01-01T00:00:00.000Z',
  platform: false,
};
const base = {
  name: 'minimal',
  type: 'base',
  size_bytes: 0,
  created_at: '2026-01-01T00:00:00.000Z',
  platform: true,
};

/** The child of a fork that cannot be started. */
export const failedChild = { id: 'cl-0000000000000000000000002', code: 'no_space', message: 'no space' };

const job = { job_id: 'job-0000000000000000000000001', steps: [{ name: 'capture', duration_ms: 1 }] };
const paused = { ...capsule, ...job, status: 'paused', still_ms: 1, memory_bytes: 2, disk_bytes: 3 };

const usage = {
  from: '2026-01-01',
  to: '2026-01-30',
  points: [{ date: '2026-01-02', cpu_minutes: 90.5, ram_mb_minutes: 46_336 }],
};

const notFound = { status: 404, body: { error: { code: 'not_found', message: 'there is no such capsule' } } };
const answers: Readonly<Record<string, { readonly status: number; readonly body?: unknown }>> = {
  'POST /v1/capsules': { status: 201, body: capsule },
  'GET /v1/capsules': { status: 200, body: [capsule] },
  [`DELETE /v1/capsules/${capsule.id}`]: { status: 204 },
  [`POST /v1/capsules/${capsule.id}/pause`]: { status: 200, body: paused },
  [`POST /v1/capsules/${capsule.id}/resume`]: { status: 200, body: { ...capsule, ...job, receipt: {} } },
  [`GET /v1/capsules/${capsule.id}/ports`]: { status: 200, body: { ports: [3000, 8000] } },
  [`GET /v1/capsules/${capsule.id}/access`]: {
    status: 200,
    body: { public_ports: true, url_template: 'http://{port}-cl.localhost/' },
  },
  [`POST /v1/capsules/${capsule.id}/ports/8000/link`]: {
    status: 200,
    body: { url: 'http://8000-cl.localhost/?wrenn_access=x', expires_at: '2026-01-01T01:00:00.000Z' },
  },
  'POST /v1/snapshots': { status: 201, body: { ...snapshot, ...job, still_ms: 1 } },
  'GET /v1/snapshots': { status: 200, body: [snapshot, base] },
  'GET /v1/snapshots?type=base': { status: 200, body: [base] },
  [`DELETE /v1/snapshots/${snapshot.name}`]: { status: 204 },
  'GET /v1/capsules/usage?from=2026-01-01': { status: 200, body: usage },
};

export const key = 'wrn_00000000000000000000000000000000';

export const output = (stream: 'stdout' | 'stderr', text: string) => ({
  type: stream,
  data: Buffer.from(text).toString('base64'),
});
export const end = (exitCode: number, outcome = 'exited', error?: string) => ({
  type: 'end',
  exit_code: exitCode,
  outcome,
  ...(error === undefined ? {} : { error }),
});

export async function startFakeApi({
  events = [end(0)],
  afterEvents = 'end',
  failed = [],
}: FakeApiOptions): Promise<FakeApi> {
  const requests: { line: string; key: string; body: unknown }[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const line = `${request.method} ${request.url}`;
      const sentKey = String(request.headers['x-api-key'] ?? '');
      requests.push({ line, key: sentKey, body });
      answer(line, sentKey, response);
    });
  });
  function answer(line: string, sentKey: string, response: ServerResponse): void {
    if (sentKey !== key) send(response, 401, { error: { code: 'unauthorized', message: 'no such key' } });
    else if (line === `POST /v1/capsules/${capsule.id}/exec`) {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      for (const event of events) response.write(`${JSON.stringify(event)}\n`);
      if (afterEvents === 'end') response.end();
    } else if (line === `POST /v1/capsules/${capsule.id}/fork`) {
      send(response, 201, { ...job, capsules: [capsule], failed, still_ms: 1 });
    } else {
      const { status, body } = answers[line] ?? notFound;
      send(response, status, body);
    }
  }
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (body === undefined) response.writeHead(status).end();
  else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : JSON.parse(text);
}
