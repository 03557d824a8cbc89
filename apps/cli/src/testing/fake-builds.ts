import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface FakeBuildsOptions {
  /** What the log has, before the build is over; `hang` leaves it open after them. */
  readonly entries?: readonly { readonly name: string; readonly body: object }[];
  readonly afterEntries?: 'over' | 'hang';
  /** How the build ends. */
  readonly ending?: object;
}

interface Received {
  readonly line: string;
  readonly credential: string;
  /** What was sent as JSON, or in the part `config` of a form. */
  readonly config: unknown;
  readonly archive: Uint8Array | undefined;
}

/** Stands in for the API of builds, of a team and of the platform: every build has the same log and the same end. */
export interface FakeBuilds extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly Received[];
}

export const buildId = 'bld-0000000000000000000000001';
export const password = 'a password of the administrator';
export const sessionToken = 'header.payload.signature';
const build = {
  id: buildId,
  name: 'tools',
  tags: ['default'],
  format: 'recipe',
  base_template: 'minimal',
  recipe: 'RUN true',
  vcpus: 1,
  memory_mb: 512,
  status: 'pending',
  current_step: 0,
  total_steps: 4,
  created_at: '2026-01-01T00:00:00.000Z',
};

export async function startFakeBuilds({
  entries = [],
  afterEntries = 'over',
  ending = { status: 'success', current_step: 4 },
}: FakeBuildsOptions = {}): Promise<FakeBuilds> {
  const requests: Received[] = [];
  const server = createServer((request, response) => {
    void receive(request).then((received) => {
      requests.push(received);
      answer(received, response);
    });
  });
  function answer({ line, config }: Received, response: ServerResponse): void {
    const [method, path = ''] = line.split(' ');
    if (path === '/v1/auth/login') {
      const isRight = (config as { password?: unknown }).password === password;
      send(response, isRight ? 200 : 401, isRight ? { token: sessionToken } : fault('unauthorized', 'wrong'));
    } else if (path === '/v1/auth/logout' || path.endsWith('/cancel')) response.writeHead(204).end();
    else if (path.endsWith('/logs')) writeLog(response);
    else if (method === 'POST') send(response, 201, { ...build, ...(config as object) });
    else send(response, 200, path.endsWith(buildId) ? build : [{ ...build, ...ending }]);
  }
  function writeLog(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const [index, { name, body }] of entries.entries()) {
      const data = JSON.stringify({ step: 1, at: build.created_at, ...body });
      response.write(`id: ${index + 1}\nevent: ${name}\ndata: ${data}\n\n`);
    }
    if (afterEntries === 'over')
      response.end(`event: over\ndata: ${JSON.stringify({ ...build, ...ending })}\n\n`);
    else response.flushHeaders();
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

async function receive(request: IncomingMessage): Promise<Received> {
  const bytes = await buffer(request);
  const type = request.headers['content-type'] ?? '';
  const common = {
    line: `${request.method} ${request.url}`,
    credential: String(request.headers['x-api-key'] ?? ''),
  };
  if (!type.startsWith('multipart/')) {
    const text = bytes.toString();
    return { ...common, config: text === '' ? undefined : JSON.parse(text), archive: undefined };
  }
  const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData();
  const archive = form.get('archive');
  return {
    ...common,
    config: JSON.parse(String(form.get('config'))),
    archive: archive instanceof Blob ? new Uint8Array(await archive.arrayBuffer()) : undefined,
  };
}

function fault(code: string, message: string): object {
  return { error: { code, message } };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
