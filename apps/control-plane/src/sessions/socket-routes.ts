import type { SocketRoute } from '../sockets/socket-route.ts';
import { execSocket } from './exec-socket.ts';
import { processSocket } from './process-socket.ts';
import { terminalSocket } from './terminal-socket.ts';

/** All WebSockets of the API. */
export const socketRoutes: readonly SocketRoute[] = [terminalSocket, execSocket, processSocket];
