import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';

export interface AskPort {
  readonly path?: string;
  readonly method?: string;
  /** The `Host`, by which an edge knows the port. */
  readonly host: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
}

/** A request on a connection of its own, whatever the names of hosts resolve to. */
export async function askPort(
  edge: URL,
  { path = '/', method = 'GET', host, headers = {}, body }: AskPort,
): Promise<IncomingMessage> {
  const sent = httpRequest(edge, { path, method, headers: { host, ...headers }, agent: false });
  // Also after the answer has begun, where a test looks at the answer.
  sent.on('error', () => undefined);
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return answer;
}

/** The name of a port below an edge on this machine. */
export function portHost(edge: URL, id: string, port: number): string {
  return `${port}-${id}.localhost:${edge.port}`;
}
