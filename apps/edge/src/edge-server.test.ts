import { expect, it } from 'vitest';
import { readTls } from './edge-server.ts';

it('without a certificate and a key the edge speaks HTTP', async () => {
  expect(await readTls({ tlsCertificate: '', tlsKey: '' })).toBeUndefined();
});

it.each([
  ['a certificate alone', { tlsCertificate: import.meta.filename, tlsKey: '' }],
  ['a key alone', { tlsCertificate: '', tlsKey: import.meta.filename }],
  ['files that are not there', { tlsCertificate: '/no/such', tlsKey: '/no/such' }],
])('%s keeps it from starting, with the settings named', async (_what, given) => {
  await expect(readTls(given)).rejects.toMatchObject({
    code: 'missing_prerequisite',
    remedy: expect.stringContaining('WRENN_EDGE_TLS_CERT'),
  });
});
