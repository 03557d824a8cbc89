import { WrennClient } from '@wrenn/sdk';
import { z } from 'zod';

const { baseUrl, apiKey, id, parallel, sizeMiB } = z
  .object({
    baseUrl: z.string(),
    apiKey: z.string(),
    id: z.string(),
    parallel: z.number(),
    sizeMiB: z.number(),
  })
  .parse(JSON.parse(process.argv[2] ?? ''));

/** Files on their way up to a capsule and down from it, until the process is ended. */
const { files } = new WrennClient({ baseUrl, apiKey });
const piece = Buffer.alloc(sizeMiB << 20, 'neither all zeroes nor hard to make ');
await files.write(id, 'down', piece);
process.send?.('begun');
await Promise.all(
  Array.from({ length: parallel }, async (_, at) => {
    for (;;) {
      if (at % 2 === 0) await files.write(id, `up-${at}`, piece);
      else await files.readBytes(id, 'down');
    }
  }),
);
