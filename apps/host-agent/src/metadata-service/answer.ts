import type { IncomingHttpHeaders } from 'node:http';
import type { GuestMetadata } from './metadata.ts';
import type { SessionTokens } from './session-tokens.ts';

export interface MetadataRequest {
  readonly method?: string | undefined;
  /** As in the request line. */
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

export interface MetadataAnswer {
  readonly status: 200 | 400 | 401 | 404 | 405;
  readonly type: 'text/plain' | 'application/json';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

const tokenPath = '/latest/api/token';
const longestTtlSeconds = 21_600;

/** The headers of Firecracker's service, and those of EC2's, which programs that were written for that send. */
const ttlHeaders = ['x-metadata-token-ttl-seconds', 'x-aws-ec2-metadata-token-ttl-seconds'] as const;
const tokenHeaders = ['x-metadata-token', 'x-aws-ec2-metadata-token'] as const;

/**
 * Answers as version 2 of Firecracker's metadata service does: a `PUT` gives a token, a `GET` with it a value, as JSON
 * or, like EC2's, as text in which an object is the list of its keys. `metadata` is that of the guest who asks.
 */
export function answerMetadata(
  request: MetadataRequest,
  metadata: GuestMetadata | undefined,
  tokens: SessionTokens,
): MetadataAnswer {
  const path = pathOf(request.url);
  if (path === undefined) return text(400, 'Invalid URI.');
  if (metadata === undefined) return text(404, `Resource not found: ${path}.`);
  if (request.method === 'PUT') return issueToken(path, request.headers, metadata, tokens);
  if (request.method === 'GET') return readValue(path, request.headers, metadata, tokens);
  return { ...text(405, 'Not allowed HTTP method.'), headers: { allow: 'GET, PUT' } };
}

function issueToken(
  path: string,
  headers: IncomingHttpHeaders,
  { instanceID }: GuestMetadata,
  tokens: SessionTokens,
): MetadataAnswer {
  // A proxy in the guest that passes on what strangers send would give them the guest's metadata.
  if (headers['x-forwarded-for'] !== undefined) return text(400, 'Unsupported header: X-Forwarded-For.');
  if (path !== tokenPath) return text(404, `Resource not found: ${path}.`);
  const wanted = firstOf(headers, ttlHeaders);
  if (wanted === undefined) {
    return text(
      400,
      "Token time to live value not found. Use `X-metadata-token-ttl-seconds` header to specify the token's lifetime.",
    );
  }
  const ttlSeconds = /^\d{1,5}$/.test(wanted) ? Number(wanted) : 0;
  if (ttlSeconds < 1 || ttlSeconds > longestTtlSeconds) {
    return text(
      400,
      `Invalid time to live value provided for token. Please provide a value between 1 and ${longestTtlSeconds}.`,
    );
  }
  return {
    ...text(200, tokens.issue(instanceID, ttlSeconds)),
    headers: { [ttlHeaders[0]]: String(ttlSeconds) },
  };
}

function readValue(
  path: string,
  headers: IncomingHttpHeaders,
  metadata: GuestMetadata,
  tokens: SessionTokens,
): MetadataAnswer {
  const token = firstOf(headers, tokenHeaders);
  if (token === undefined) {
    return text(401, 'No MMDS token provided. Use `X-metadata-token` header to specify the session token.');
  }
  if (!tokens.isValid(metadata.instanceID, token)) return text(401, 'MMDS token not valid.');
  const fields = Object.entries(metadata);
  const wanted = path.replace(/^\/|\/$/g, '');
  const value = wanted === '' ? metadata : fields.find(([name]) => name === wanted)?.[1];
  if (value === undefined) return text(404, `Resource not found: ${path}.`);
  if (wantsJson(headers)) return { status: 200, type: 'application/json', body: JSON.stringify(value) };
  if (typeof value === 'string') return text(200, value);
  return text(
    200,
    fields
      .map(([name]) => name)
      .toSorted()
      .join('\n'),
  );
}

/** Without a query, and with slashes that follow one another as one. Also proxies' form, `http://host/path`. */
function pathOf(url = ''): string | undefined {
  const path = url.replace(/^http:\/\/[^/?]*/i, '').split(/[?#]/, 1)[0] ?? '';
  return path.startsWith('/') ? path.replace(/\/{2,}/g, '/') : undefined;
}

function wantsJson({ accept = '' }: IncomingHttpHeaders): boolean {
  return /^\s*application\/json\b/i.test(accept);
}

/** The first of the headers that was sent. */
function firstOf(headers: IncomingHttpHeaders, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = headers[name];
    if (typeof value === 'string') return value;
  }
  return undefined;
}

function text(status: MetadataAnswer['status'], body: string): MetadataAnswer {
  return { status, type: 'text/plain', body };
}
