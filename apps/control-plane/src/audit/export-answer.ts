import type { FastifyReply } from 'fastify';
import type { ServerContext } from '../server-context.ts';
import { type ExportRequest, exportEntries } from './export.ts';
import { entryBody } from './schemas.ts';

const ndjson = 'application/x-ndjson';

export const exportDescription = `Oldest first, a line of JSON for each entry. The export is written to the log itself.
An answer that cannot be finished breaks off, so that nobody takes it for the whole.`;

export const exportAnswer = {
  description: 'Lines of JSON, each an entry as the list has it.',
  content: { [ndjson]: { schema: entryBody } },
};

/** What a stream carries is not checked against the schema: it is sent as it is. */
export async function sendExport(
  context: ServerContext,
  reply: Pick<FastifyReply, 'raw'>,
  request: ExportRequest,
): Promise<FastifyReply> {
  const lines = await exportEntries(context, request);
  return await (reply as FastifyReply)
    .type(ndjson)
    .header('content-disposition', 'attachment; filename="audit-log.jsonl"')
    .send(lines);
}
