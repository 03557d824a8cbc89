import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import type { EventBody } from './message.ts';
import { type Outgoing, providers } from './providers.ts';

const body: EventBody = {
  event: 'capsule.paused',
  timestamp: '2026-01-02T03:04:05.000Z',
  team_id: 'team-1',
  actor: { type: 'user', id: 'usr-1', name: '<!channel> @everyone' },
  resource: { type: 'sandbox', id: 'cl-1' },
  outcome: 'success',
  details: { template: 'minimal' },
};
const outgoing: Outgoing = { deliveryId: 'dlv-1', body, now: new Date('2026-01-02T03:04:06Z') };
const hook = { webhook_url: 'https://hooks.example/T0/secret' };

test('each chat gets one line, in the shape that it takes', () => {
  const line = /Wrenn: capsule\.paused \(success\), sandbox cl-1, by .*; template: minimal/;
  expect(JSON.parse(providers.discord.request(hook, outgoing).body)).toEqual({
    content: expect.stringMatching(line),
    allowed_mentions: { parse: [] },
  });
  expect(JSON.parse(providers.slack.request(hook, outgoing).body)).toEqual({
    text: expect.stringMatching(line),
  });
  expect(JSON.parse(providers.googlechat.request(hook, outgoing).body)).toEqual({
    text: expect.stringMatching(line),
  });
  expect(providers.teams.request(hook, outgoing).body).toMatch(line);
});

test('names of people call nobody', () => {
  expect(providers.slack.request(hook, outgoing).body).not.toContain('<!');
  expect(providers.googlechat.request(hook, outgoing).body).not.toContain('<!');
});

test("telegram's bot is spoken to at its own address", () => {
  const request = providers.telegram.request({ bot_token: '12:ab-C', chat_id: '-100' }, outgoing);
  expect(request.url.href).toBe('https://api.telegram.org/bot12:ab-C/sendMessage');
  expect(JSON.parse(request.body)).toMatchObject({ chat_id: '-100' });
});

test('a message to matrix that is sent again is the same message', () => {
  const config = { homeserver_url: 'https://matrix.example', access_token: 'syt_x', room_id: '!a/b:example' };
  const request = providers.matrix.request(config, outgoing);
  expect(request).toMatchObject({ method: 'PUT', headers: { authorization: 'Bearer syt_x' } });
  expect(request.url.pathname).toBe('/_matrix/client/v3/rooms/!a%2Fb%3Aexample/send/m.room.message/dlv-1');
});

test('a webhook gets the whole event, signed with the time', () => {
  const secret = 's'.repeat(32);
  const request = providers.webhook.request({ url: 'https://example.com/in', secret }, outgoing);
  expect(JSON.parse(request.body)).toEqual(body);
  const timestamp = '1767323046';
  expect(request.headers).toMatchObject({ 'x-wrenn-timestamp': timestamp, 'x-wrenn-delivery': 'dlv-1' });
  expect(request.headers['x-wrenn-signature']).toBe(
    `sha256=${createHmac('sha256', secret).update(`${timestamp}.${request.body}`).digest('hex')}`,
  );
});

test('a webhook without a secret is given one', () => {
  const config = providers.webhook.parse({ url: 'https://example.com' });
  expect(config['secret']).toMatch(/^[0-9a-f]{64}$/);
});

test('what is shown of a configuration has no secret in it', () => {
  expect(providers.slack.target(hook)).toBe('hooks.example');
  expect(providers.telegram.target({ bot_token: 'secret', chat_id: '5' })).toBe('chat 5');
});

test.each([
  ['slack', {}],
  ['slack', { webhook_url: 'ftp://example.com' }],
  ['slack', { webhook_url: 'https://user:pass@example.com' }],
  ['slack', { webhook_url: 'not a URL' }],
  ['slack', { ...hook, extra: 'x' }],
  ['telegram', { bot_token: '../../x', chat_id: '1' }],
  ['matrix', { homeserver_url: 'https://m', access_token: 'a\r\nx: y', room_id: 'r' }],
  ['webhook', { url: 'https://example.com', secret: 'short' }],
] as const)('a wrong configuration of %s is refused: %j', (provider, config) => {
  expect(() => providers[provider].parse(config)).toThrow();
});
