import { WrennError } from '@wrenn/core';
import type { Daemon } from '../guest/daemon.ts';
import type { Route } from '../http/router.ts';
import { readBody } from '../http/whole-body.ts';
import { terminalOf } from './process-input.ts';

/**
 * `POST /terminals/input?tag=&writer=&offset=`: types the body, as `SendInput` does. In an emulated guest a call of the
 * RPC takes 12 ms, most of it the framework's, and this takes 5, which whoever types feels.
 */
export function inputRoute({ processes }: Pick<Daemon, 'processes'>): Route {
  return {
    method: 'POST',
    path: '/terminals/input',
    access: 'token',
    async handle(request, response) {
      const query = new URLSearchParams((request.url ?? '').split('?', 2)[1] ?? '');
      const process = processes.select({
        $typeName: 'process.ProcessSelector',
        selector: { case: 'tag', value: query.get('tag') ?? '' },
      });
      const terminal = terminalOf(process.input);
      const offset = offsetOf(query.get('offset') ?? '0');
      const part = process.writers.newPart(query.get('writer') ?? '', offset, await readBody(request));
      if (part.length > 0) await terminal.write(part);
      response.writeHead(204);
      response.end();
    },
  };
}

function offsetOf(text: string): bigint {
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  throw new WrennError('invalid_request', 'offset: is no number of bytes', { field: 'offset' });
}
