import { type Client, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { Filesystem } from '@wrenn/protocol/filesystem';

/** The file service of a daemon, as `user`, or else as its default one. */
export function filesystemClient(
  url: string,
  {
    user,
    headers = {},
    codec = 'json',
  }: {
    readonly user?: string;
    readonly headers?: Record<string, string>;
    readonly codec?: 'json' | 'binary';
  } = {},
): Client<typeof Filesystem> {
  return createClient(
    Filesystem,
    createConnectTransport({
      baseUrl: url,
      httpVersion: '1.1',
      useBinaryFormat: codec === 'binary',
      interceptors: [
        (next) => (request) => {
          const encoded = Buffer.from(`${user}:`).toString('base64');
          if (user !== undefined) request.header.set('authorization', `Basic ${encoded}`);
          for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
          return next(request);
        },
      ],
    }),
  );
}
