import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { answerMetadata } from './answer.ts';
import { guestMetadata } from './metadata.ts';
import { SessionTokens } from './session-tokens.ts';

const tokens = new SessionTokens();
const metadata = guestMetadata({
  capsuleId: 'cl-a',
  templateId: '00000000-0000-0000-0000-000000000000',
  accessToken: 'the token of the capsule',
});
const valid = tokens.issue('cl-a', 60);

function put(headers: Record<string, string>, url = '/latest/api/token') {
  return answerMetadata({ method: 'PUT', url, headers }, metadata, tokens);
}
function get(url: string, headers: Record<string, string> = {}) {
  return answerMetadata(
    { method: 'GET', url, headers: { 'x-metadata-token': valid, ...headers } },
    metadata,
    tokens,
  );
}
const json = { accept: 'application/json' };

describe('a token', () => {
  test('is given for as long as was asked, and opens what it is for', () => {
    const { status, headers, body } = put({ 'x-metadata-token-ttl-seconds': '21600' });
    expect({ status, headers }).toEqual({
      status: 200,
      headers: { 'x-metadata-token-ttl-seconds': '21600' },
    });
    expect(get('/', { ...json, 'x-metadata-token': body }).status).toBe(200);
  });

  test('is also asked for and shown in the headers of EC2', () => {
    const { body } = put({ 'x-aws-ec2-metadata-token-ttl-seconds': '1' });
    const headers = { 'x-aws-ec2-metadata-token': body };
    expect(answerMetadata({ method: 'GET', url: '/instanceID', headers }, metadata, tokens).body).toBe(
      'cl-a',
    );
  });

  test.each(['0', '21601', '-1', '1.5', '', 'x', '1e3', ' 60'])('is not given for %j seconds', (ttl) => {
    expect(put({ 'x-metadata-token-ttl-seconds': ttl }).status).toBe(400);
  });

  test('is not given without a time, through a proxy, or elsewhere', () => {
    expect(put({}).status).toBe(400);
    expect(put({ 'x-metadata-token-ttl-seconds': '60', 'x-forwarded-for': '1.2.3.4' }).status).toBe(400);
    expect(put({ 'x-metadata-token-ttl-seconds': '60' }, '/latest/api').status).toBe(404);
  });

  test('is needed to read', () => {
    expect(answerMetadata({ method: 'GET', url: '/', headers: {} }, metadata, tokens).status).toBe(401);
    expect(get('/', { 'x-metadata-token': 'x' }).status).toBe(401);
    expect(get('/', { 'x-metadata-token': tokens.issue('cl-b', 60) }).status).toBe(401);
  });
});

describe('metadata', () => {
  test('is one JSON document, with the hash of the access token and not the token', () => {
    const { status, type, body } = get('/', json);
    expect({ status, type }).toEqual({ status: 200, type: 'application/json' });
    expect(JSON.parse(body)).toEqual({
      instanceID: 'cl-a',
      envID: '00000000-0000-0000-0000-000000000000',
      accessTokenHash: expect.stringMatching(/^[0-9a-f]{128}$/),
    });
  });

  test('is a list of its names as text, and a value as it is', () => {
    expect(get('/')).toMatchObject({ type: 'text/plain', body: 'accessTokenHash\nenvID\ninstanceID' });
    expect(get('/instanceID').body).toBe('cl-a');
    expect(get('//instanceID/', json).body).toBe('"cl-a"');
    expect(get('http://169.254.169.254/instanceID?x=1').body).toBe('cl-a');
  });

  test.each(['/latest', '/instanceID/x', '/__proto__', '/toString', '/%69nstanceID'])('has no %s', (url) => {
    expect(get(url).status).toBe(404);
  });

  test('is nothing for who has none', () => {
    for (const method of ['GET', 'PUT', 'POST']) {
      expect(answerMetadata({ method, url: '/', headers: {} }, undefined, tokens).status).toBe(404);
    }
  });

  test.each(['POST', 'DELETE', 'PATCH', 'HEAD', undefined])('is not changed by %s', (method) => {
    expect(answerMetadata({ method, url: '/', headers: {} }, metadata, tokens)).toMatchObject({
      status: 405,
      headers: { allow: 'GET, PUT' },
    });
  });

  test.prop([fc.string(), fc.constantFrom('GET', 'PUT')])(
    'is not shown without a token, whatever the path',
    (url, method) => {
      const { status, body } = answerMetadata({ method, url, headers: {} }, metadata, tokens);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(body).not.toContain(metadata.accessTokenHash);
    },
  );
});
