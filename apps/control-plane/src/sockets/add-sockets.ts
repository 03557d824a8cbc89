import type { FastifyInstance } from 'fastify';
import type { Sockets } from './sockets.ts';

/** Lets the server's upgrades be sockets, and ends these with the server. */
export function addSockets(app: FastifyInstance, sockets: Sockets): void {
  app.server.on('upgrade', (request, socket, head) => void sockets.upgrade(request, socket, head));
  app.addHook('preClose', async () => sockets.close());
}
