import { watchSocket } from '../files/watch-socket.ts';
import { execSocket } from '../sessions/exec-socket.ts';
import { processSocket } from '../sessions/process-socket.ts';
import { terminalSocket } from '../sessions/terminal-socket.ts';
import type { SocketRoute } from './socket-route.ts';

/** All WebSockets of the API. */
export const socketRoutes: readonly SocketRoute[] = [terminalSocket, execSocket, processSocket, watchSocket];
