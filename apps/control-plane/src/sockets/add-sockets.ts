import type { FastifyInstance } from 'fastify';
import type { Upgrades } from './upgrades.ts';

/** Lets the server's upgrades be sockets, and ends these with the server. */
export function addSockets(app: FastifyInstance, upgrades: Upgrades): void {
  app.server.on('upgrade', (request, socket, head) => upgrades.upgrade(request, socket, head));
  app.addHook('preClose', () => upgrades.close());
}
