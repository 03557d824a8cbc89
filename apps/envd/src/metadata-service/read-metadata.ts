import { request } from 'node:http';
import { deadline, WrennError } from '@wrenn/core';
import { type Metadata, parseMetadata } from './metadata.ts';

const requestDeadlineMs = 1_000;
const answerLimitBytes = 16 * 1024;
/** The token is used once. */
const tokenTtlSeconds = 60;

/** One attempt at the service at `baseUrl`, by version 2 of its protocol. Throws whatever went wrong. */
export async function readMetadata(baseUrl: string, signal: AbortSignal): Promise<Metadata> {
  const token = await ask('PUT', `${baseUrl}/latest/api/token`, signal, {
    'x-metadata-token-ttl-seconds': tokenTtlSeconds,
  });
  const document = await ask('GET', `${baseUrl}/`, signal, {
    'x-metadata-token': token,
    accept: 'application/json',
  });
  return parseMetadata(document);
}

/** By events, not by iteration, which in a capsule just restored takes longer than all the reading. */
async function ask(
  method: 'GET' | 'PUT',
  url: string,
  signal: AbortSignal,
  headers: Readonly<Record<string, string | number>>,
): Promise<string> {
  using limit = deadline(requestDeadlineMs, `${method} ${url}`, signal);
  const done = Promise.withResolvers<string>();
  // A connection of its own: one that is kept would be dead after a snapshot.
  const sent = request(url, { method, headers, agent: false, signal: limit });
  sent.on('error', (fault) => done.reject(limit.aborted ? limit.reason : fault));
  sent.on('response', (response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > answerLimitBytes) done.reject(new WrennError('agent_error', 'the metadata is too large'));
      else chunks.push(chunk);
    });
    response.on('error', done.reject);
    response.on('end', () => {
      if (response.statusCode === 200) done.resolve(Buffer.concat(chunks).toString());
      else done.reject(new WrennError('agent_error', `${method} ${url}: status ${response.statusCode}`));
    });
  });
  sent.end();
  try {
    return await done.promise;
  } finally {
    sent.destroy();
  }
}
