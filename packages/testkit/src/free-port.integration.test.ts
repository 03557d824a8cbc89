import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { freePort } from './free-port.ts';

const many = 200;

test('a port is given once, by all processes together, and can be listened at', async () => {
  const module = new URL('./free-port.ts', import.meta.url).href;
  const script = `import { freePort } from '${module}';
    const ports = await Promise.all(Array.from({ length: ${many} }, freePort));
    console.log(JSON.stringify(ports));
    process.stdin.resume();`;
  const others = [1, 2].map(() => {
    const child = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    const said = once(child.child.stdout ?? process.stdin, 'data').then(
      ([text]) => JSON.parse(String(text)) as number[],
    );
    return { child, said };
  });
  const own = await Promise.all(Array.from({ length: many }, freePort));
  const ports = [...own, ...(await Promise.all(others.map(({ said }) => said))).flat()];
  expect(new Set(ports).size).toBe(3 * many);
  for (const { child } of others) {
    child.child.stdin?.end();
    await child;
  }
  const [port = 0] = own;
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  server.close();
});

test('a port is none that the kernel gives to whoever asks for any', async () => {
  const [from] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t').map(Number);
  expect(await freePort()).toBeLessThan(from ?? 0);
});

test('a port that somebody listens at is passed over', async () => {
  const port = await freePort();
  const taken = createServer().listen(port, '127.0.0.1');
  await once(taken, 'listening');
  const more = await Promise.all(Array.from({ length: many }, freePort));
  expect(more).not.toContain(port);
  taken.close();
});
