import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { ChannelProvider } from '../db/schema.ts';
import { type EventBody, summaryOf } from './message.ts';
import type { OutgoingRequest } from './send-guarded.ts';

/** What one delivery is of, the same in each of its attempts. */
export interface Outgoing {
  readonly deliveryId: string;
  readonly body: EventBody;
  readonly now: Date;
}

/** A service that messages go to. */
export interface Provider {
  /** Checks a configuration, and completes it; throws a ZodError. */
  readonly parse: (config: unknown) => Readonly<Record<string, string>>;
  /** Shown of a configuration, so that people can tell their channels apart; no secret. */
  readonly target: (config: unknown) => string;
  readonly request: (config: unknown, outgoing: Outgoing) => OutgoingRequest;
}

interface Definition<Config extends Readonly<Record<string, string>>> {
  readonly config: z.ZodType<Config>;
  readonly target: (config: Config) => string;
  readonly request: (config: Config, outgoing: Outgoing) => OutgoingRequest;
}

const address = z
  .string()
  .max(2000)
  .refine((text) => URL.canParse(text), 'must be a URL')
  .refine((text) => !URL.canParse(text) || /^https?:$/.test(new URL(text).protocol), 'must be http or https')
  .refine((text) => {
    if (!URL.canParse(text)) return true;
    const { username, password } = new URL(text);
    return username === '' && password === '';
  }, 'must have no user in it');
const secret = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[\x21-\x7e]+$/, 'must be plain ASCII without blanks');

function provider<Config extends Readonly<Record<string, string>>>({
  config: schema,
  target,
  request,
}: Definition<Config>): Provider {
  return {
    parse: (config) => schema.parse(config),
    target: (config) => target(schema.parse(config)),
    request: (config, outgoing) => request(schema.parse(config), outgoing),
  };
}

/** A service that takes one JSON object at an address which is its own secret. */
function hook(payload: (text: string) => object) {
  return provider({
    config: z.strictObject({ webhook_url: address }),
    target: (config) => new URL(config.webhook_url).host,
    request: (config, { body }) => post(config.webhook_url, payload(summaryOf(body))),
  });
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const telegramUrl = 'https://api.telegram.org';

export const providers: Readonly<Record<ChannelProvider, Provider>> = {
  discord: hook((text) => ({ content: text, allowed_mentions: { parse: [] } })),
  // What stands between < and > calls people.
  slack: hook((text) => ({ text: text.replace(/[&<>]/g, (sign) => entities[sign] ?? '') })),
  googlechat: hook((text) => ({ text: text.replace(/[<>]/g, "'") })),
  teams: hook((text) => ({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [{ type: 'TextBlock', text, wrap: true }],
        },
      },
    ],
  })),
  telegram: provider({
    config: z.strictObject({
      bot_token: secret.regex(/^[\w:-]+$/, 'is not a token of a bot'),
      chat_id: secret,
    }),
    target: (config) => `chat ${config.chat_id}`,
    request: (config, { body }) =>
      post(`${telegramUrl}/bot${config.bot_token}/sendMessage`, {
        chat_id: config.chat_id,
        text: summaryOf(body),
      }),
  }),
  matrix: provider({
    config: z.strictObject({ homeserver_url: address, access_token: secret, room_id: secret }),
    target: (config) => `${config.room_id} at ${new URL(config.homeserver_url).host}`,
    request: (config, { deliveryId, body }) => {
      const room = encodeURIComponent(config.room_id);
      // The delivery's ID as that of the transaction: a message that is sent again appears once.
      const path = `/_matrix/client/v3/rooms/${room}/send/m.room.message/${deliveryId}`;
      const message = { msgtype: 'm.text', body: summaryOf(body) };
      const url = new URL(path, config.homeserver_url).href;
      return { ...post(url, message, { authorization: `Bearer ${config.access_token}` }), method: 'PUT' };
    },
  }),
  webhook: provider({
    config: z.strictObject({
      url: address,
      secret: secret.min(16).default(() => randomBytes(32).toString('hex')),
    }),
    target: (config) => new URL(config.url).host,
    request: (config, { deliveryId, body, now }) => {
      const text = JSON.stringify(body);
      const timestamp = String(Math.floor(now.getTime() / 1000));
      const signature = createHmac('sha256', config.secret).update(`${timestamp}.${text}`).digest('hex');
      const headers = {
        'x-wrenn-signature': `sha256=${signature}`,
        'x-wrenn-delivery': deliveryId,
        'x-wrenn-timestamp': timestamp,
      };
      return post(config.url, body, headers);
    },
  }),
};

function post(url: string, body: object, headers: Readonly<Record<string, string>> = {}): OutgoingRequest {
  return {
    method: 'POST',
    url: new URL(url),
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}
