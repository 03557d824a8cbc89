import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** What a test wants the fake to do with a command. */
export interface FakeApiOptions {
  /** The lines of its stream; `hang` leaves the stream open after them. */
  readonly events?: readonly object[];
  readonly afterEvents?: 'end' | 'hang';
}

/** Stands in for the API: it makes, lists and destroys capsules that do not exist, and plays back one stream. */
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
    else if (line === 'POST /v1/capsules') send(response, 201, capsule);
    else if (line === 'GET /v1/capsules') send(response, 200, [capsule]);
    else if (line === `DELETE /v1/capsules/${capsule.id}`) response.writeHead(204).end();
    else if (line === `POST /v1/capsules/${capsule.id}/exec`) {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      for (const event of events) response.write(`${JSON.stringify(event)}\n`);
      if (afterEvents === 'end') response.end();
    } else send(response, 404, { error: { code: 'not_found', message: 'there is no such capsule' } });
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
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : JSON.parse(text);
}
