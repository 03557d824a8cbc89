import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc } from '@fast-check/vitest';
import { type FastifyInstance, fastify } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dashboardRoutes } from './routes.ts';

let folder: string;
let app: FastifyInstance;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wrenn-dashboard-'));
  const root = join(folder, 'dist');
  await mkdir(join(root, '_app/immutable'), { recursive: true });
  await writeFile(join(folder, 'secret'), 'not of the dashboard');
  await writeFile(join(root, 'index.html'), '<!doctype html>the page');
  await writeFile(join(root, '.sources'), 'hash');
  await writeFile(join(root, '_app/immutable/start-1.js'), 'whole();');
  await writeFile(join(root, '_app/immutable/start-1.js.br'), 'small');
  app = await serve(root, 'http://127.0.0.1:8080');
});
afterAll(async () => {
  await app?.close();
  await rm(folder, { recursive: true, force: true });
});

async function serve(dashboardDirectory: string, publicUrl: string): Promise<FastifyInstance> {
  const made = fastify();
  await made.register(dashboardRoutes({ config: { dashboardDirectory, publicUrl: new URL(publicUrl) } }));
  return made;
}

it.each(['/', '/login', '/dashboard/capsules/cl-1/files', '/admin/audit', '/auth/github/callback'])(
  'shows the one page at %s, which no script but the dashboard files may change',
  async (path) => {
    const answer = await app.inject(path);
    expect(answer.body).toBe('<!doctype html>the page');
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
    });
    const policy = String(answer.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(/script-src ([^;]*)/.exec(policy)?.[1]).toBe("'self'");
  },
);

it('gives files that are named by what is in them for ever, in the smallest form that the browser takes', async () => {
  const path = '/_app/immutable/start-1.js';
  const small = await app.inject({ url: path, headers: { 'accept-encoding': 'br' } });
  expect(small.body).toBe('small');
  expect(small.headers).toMatchObject({
    'content-encoding': 'br',
    'cache-control': 'public, max-age=31536000, immutable',
  });
  expect((await app.inject(path)).body).toBe('whole();');
});

it('serves what was built and nothing else, however a path is written', async () => {
  const dots = fc.constantFrom(
    '..',
    '%2e%2e',
    '.',
    '%2f',
    '/',
    '//',
    '_app',
    'secret',
    '.sources',
    'etc',
    '%5c',
    '%00',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(dots, { minLength: 1, maxLength: 6 }), async (parts) => {
      const { body } = await app.inject(`/${parts.join('/')}`);
      expect(body).not.toContain('not of the dashboard');
      expect(body).not.toBe('hash');
    }),
  );
  expect((await app.inject('/_app/immutable/start-1.js.br')).statusCode).toBe(404);
});

it('says over https that browsers shall not come without it', async () => {
  await using secure = await serve(join(folder, 'dist'), 'https://wrenn.example');
  const { headers } = await secure.inject('/login');
  expect(headers['strict-transport-security']).toBe('max-age=31536000');
});

it('refuses to start on a folder without a build, and says how to build', async () => {
  await expect(serve(folder, 'http://127.0.0.1:8080')).rejects.toMatchObject({
    code: 'missing_prerequisite',
    remedy: expect.stringContaining('apps/dashboard/build/main.ts'),
  });
});
