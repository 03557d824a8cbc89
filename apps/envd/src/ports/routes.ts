import { replyJson } from '../http/reply.ts';
import type { Route } from '../http/router.ts';
import { socketsOfThisProcess } from './own-sockets.ts';
import { SocketTable } from './socket-table.ts';

/** Of a program that opens thousands. */
const mostPorts = 1_000;

/** `/ports`: where programs of the machine take connections, whatever address they listen at; ascending. */
export function portRoutes(): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/ports',
      access: 'token',
      handle: (_request, response) => replyJson(response, 200, { ports: listeningPorts() }),
    },
  ];
}

function listeningPorts(): number[] {
  using table = new SocketTable();
  const sockets = table.read();
  if (sockets === 'unchanged') return [];
  const own = socketsOfThisProcess();
  const ports = new Set(sockets.filter(({ inode }) => !own.has(inode)).map(({ port }) => port));
  return [...ports].sort((one, other) => one - other).slice(0, mostPorts);
}
