import { once } from 'node:events';
import { get } from 'node:https';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { newId } from '@wrenn/core';
import { expect, it } from 'vitest';
import { HostConnections } from './connections.ts';

it('a host that takes connections and says nothing is not waited for', async () => {
  const mute = createServer();
  await once(mute.listen(0, '127.0.0.1'), 'listening');
  const taken = once(mute, 'connection');
  const nobody = { ca: '', certificate: '', key: '' };
  const agent = new HostConnections(newId('host'), nobody, 20);
  const asked = get({ port: (mute.address() as AddressInfo).port, host: '127.0.0.1', agent });
  await expect(once(asked, 'response')).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  agent.destroy();
  const [socket]: [Socket] = await taken.then(([first]) => [first]);
  socket.destroy();
  mute.close();
});
