import type { Schemas } from '#lib/api/client.ts';

export type Service = Schemas['Channel']['provider'];
export type ChannelEvent =
  | 'capsule.created'
  | 'capsule.running'
  | 'capsule.paused'
  | 'capsule.destroyed'
  | 'capsule.failed'
  | 'template.snapshot.created'
  | 'template.snapshot.deleted'
  | 'host.up'
  | 'host.down';

export interface Setting {
  /** As the API names it. */
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  readonly kind: 'url' | 'secret' | 'text';
  readonly isOptional?: boolean;
}

const hook = (hint: string): readonly Setting[] => [
  { name: 'webhook_url', label: 'Address of the webhook', hint, kind: 'url' },
];

/** Where messages can go, and what has to be known for it. */
export const services: Readonly<
  Record<Service, { readonly label: string; readonly settings: readonly Setting[] }>
> = {
  webhook: {
    label: 'Webhook',
    settings: [
      { name: 'url', label: 'Address', hint: 'Gets a signed POST with JSON for each event.', kind: 'url' },
      {
        ...{ name: 'secret', label: 'Secret', kind: 'secret', isOptional: true },
        hint: 'Messages are signed by it. Without one it is made, and shown once.',
      },
    ],
  },
  slack: { label: 'Slack', settings: hook('Of an incoming webhook, as https://hooks.slack.com/services/…') },
  discord: { label: 'Discord', settings: hook('In the settings of the channel, under Integrations.') },
  teams: { label: 'Microsoft Teams', settings: hook('Of a workflow that posts to the channel.') },
  googlechat: { label: 'Google Chat', settings: hook('In the space, under Apps & integrations.') },
  telegram: {
    label: 'Telegram',
    settings: [
      { name: 'bot_token', label: 'Token of the bot', hint: 'From @BotFather.', kind: 'secret' },
      {
        name: 'chat_id',
        label: 'ID of the chat',
        hint: 'A number, or @name of a public channel.',
        kind: 'text',
      },
    ],
  },
  matrix: {
    label: 'Matrix',
    settings: [
      { name: 'homeserver_url', label: 'Home server', hint: 'As https://matrix.example.org', kind: 'url' },
      {
        name: 'access_token',
        label: 'Access token',
        hint: 'Of an account that is in the room.',
        kind: 'secret',
      },
      { name: 'room_id', label: 'ID of the room', hint: 'As !abc:example.org', kind: 'text' },
    ],
  },
};

export const serviceNames = Object.keys(services) as readonly Service[];

export const eventGroups: readonly {
  readonly label: string;
  readonly events: readonly { readonly event: ChannelEvent; readonly label: string }[];
}[] = [
  {
    label: 'Capsules',
    events: [
      { event: 'capsule.created', label: 'made' },
      { event: 'capsule.running', label: 'resumed' },
      { event: 'capsule.paused', label: 'paused' },
      { event: 'capsule.destroyed', label: 'destroyed' },
      { event: 'capsule.failed', label: 'failed' },
    ],
  },
  {
    label: 'Snapshots and templates',
    events: [
      { event: 'template.snapshot.created', label: 'made' },
      { event: 'template.snapshot.deleted', label: 'deleted' },
    ],
  },
  {
    label: 'Hosts',
    events: [
      { event: 'host.up', label: 'up' },
      { event: 'host.down', label: 'down' },
    ],
  },
];

const known = new Map(
  eventGroups.flatMap(({ label, events }) =>
    events.map((each) => [each.event as string, `${label.toLowerCase()}: ${each.label}`] as const),
  ),
);

/** `capsules: paused`; one that is not known here, as the API calls it. */
export function eventLabel(event: string): string {
  return known.get(event) ?? event;
}

/** What the API wants of a form; an optional setting that is empty is left out. */
export function configOf(service: Service, typed: Readonly<Record<string, string>>): Record<string, string> {
  const given = services[service].settings.map(({ name }) => [name, (typed[name] ?? '').trim()] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== ''));
}

/** The API's field is `config.url`; that of the form is `url`. */
export function settingAtFault(field: string | undefined): string | undefined {
  return field?.startsWith('config.') === true ? field.slice('config.'.length) : undefined;
}
