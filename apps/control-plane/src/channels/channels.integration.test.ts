import { createHmac } from 'node:crypto';
import { FakeHostAgent } from '@wrenn/testkit';
import { beforeEach, expect, test } from 'vitest';
import { type Person, person } from '../teams/testing/people.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { type Received, Receiver } from './testing/receiver.ts';

interface Made {
  readonly id: string;
  readonly secret?: string;
  readonly target: string;
}
interface Sent {
  readonly id: string;
  readonly status: string;
  readonly attempts: number;
  readonly response_status?: number;
  readonly fault?: string;
  readonly repeats?: string;
}

/** What a receiver computes to know whom a message is from. */
function signature(received: Received | undefined, secret = ''): string {
  const signed = `${String(received?.headers['x-wrenn-timestamp'])}.${received?.body}`;
  return `sha256=${createHmac('sha256', secret).update(signed).digest('hex')}`;
}

describeOnPostgres(
  'channels',
  {
    startAgent: (tls) => FakeHostAgent.start(tls),
    variables: { WRENN_CHANNEL_PRIVATE_TARGETS: '127.0.0.1' },
  },
  (server) => {
    let receiver: Receiver;
    let owner: Person;
    beforeEach(async (context) => {
      receiver = await Receiver.start();
      context.onTestFinished(() => receiver[Symbol.asyncDispose]());
      owner = await person(server().controlPlane, 'Olga');
    });

    async function api(method: string, path: string, body?: object, as = owner) {
      const answer = await fetch(`${server().url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${as.token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
    }

    async function webhook(
      events: readonly string[] = ['capsule.created', 'capsule.destroyed'],
    ): Promise<Made> {
      const { status, body } = await api('POST', '/v1/channels', {
        name: 'My Hook',
        provider: 'webhook',
        config: { url: `${receiver.url}/in?x=1` },
        events,
      });
      expect(status).toBe(201);
      return body as Made;
    }

    const deliveriesOf = async ({ id }: Made) =>
      (await api('GET', `/v1/channels/${id}/deliveries`)).body as readonly Sent[];
    const poll = { timeout: 30_000 };

    test('a webhook is told what happens, signed, with who, what and how it ended', async () => {
      const made = await webhook();
      expect(made).toMatchObject({ name: 'my-hook', target: new URL(receiver.url).host });
      const { body: capsule } = await api('POST', '/v1/capsules', {});
      await expect.poll(() => receiver.received.length, poll).toBe(1);
      const [received] = receiver.received;
      const { id } = capsule as { id: string };
      expect(JSON.parse(received?.body ?? '')).toMatchObject({
        event: 'capsule.created',
        team_id: owner.teamId,
        actor: { type: 'user', id: owner.id, name: 'Olga' },
        resource: { type: 'sandbox', id },
        outcome: 'success',
      });
      expect(received?.headers['x-wrenn-signature']).toBe(signature(received, made.secret));
      await expect.poll(async () => (await deliveriesOf(made))[0]?.status, poll).toBe('delivered');
      expect((await deliveriesOf(made))[0]).toMatchObject({ attempts: 1, response_status: 204 });
    });

    test('what nobody asked for is not sent, and neither is what happens in other teams', async () => {
      const made = await webhook(['capsule.destroyed']);
      const other = await person(server().controlPlane, 'Eve');
      const { body: theirs } = await api('POST', '/v1/capsules', {}, other);
      await api('DELETE', `/v1/capsules/${(theirs as Made).id}`, undefined, other);
      const { body: ours } = await api('POST', '/v1/capsules', {});
      await api('DELETE', `/v1/capsules/${(ours as Made).id}`);
      await expect.poll(async () => (await deliveriesOf(made)).length, poll).toBe(1);
      await expect.poll(() => receiver.received.length, poll).toBe(1);
      expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
        event: 'capsule.destroyed',
        resource: { id: (ours as Made).id },
      });
    });

    test('a receiver that fails is asked again, and the log says what it said', async () => {
      const made = await webhook();
      receiver.answer = (response) => response.writeHead(500).end('x'.repeat(200_000));
      await api('POST', '/v1/capsules', {});
      await expect
        .poll(async () => (await deliveriesOf(made))[0], poll)
        .toMatchObject({
          status: 'waiting',
          attempts: 1,
          response_status: 500,
          fault: 'the receiver answered 500',
        });
      receiver.answer = (response) => response.writeHead(200).end();
      await expect
        .poll(async () => (await deliveriesOf(made))[0]?.status, { timeout: 50_000 })
        .toBe('delivered');
      const ids = receiver.received.map(({ headers }) => headers['x-wrenn-delivery']);
      expect(new Set(ids).size).toBe(1);
    });

    test('a redirect is not followed, wherever it leads', async () => {
      const made = await webhook();
      receiver.answer = (response) =>
        response.writeHead(302, { location: `${receiver.url}/elsewhere` }).end();
      await api('POST', '/v1/capsules', {});
      await expect.poll(async () => (await deliveriesOf(made))[0]?.response_status, poll).toBe(302);
      expect(receiver.received.map(({ path }) => path)).toEqual(['/in?x=1']);
    });

    test('an event is sent once more when somebody asks for it', async () => {
      const made = await webhook();
      await api('POST', '/v1/capsules', {});
      await expect.poll(async () => (await deliveriesOf(made))[0]?.status, poll).toBe('delivered');
      const [first] = await deliveriesOf(made);
      const again = await api('POST', `/v1/channels/${made.id}/deliveries/${first?.id}/redeliver`);
      expect(again).toMatchObject({ status: 202, body: { status: 'waiting', repeats: first?.id } });
      await expect.poll(() => receiver.received.length, poll).toBe(2);
      expect(receiver.received[1]?.body).toBe(receiver.received[0]?.body);
    });

    test('a private address is reached by nobody but where the operator allows it', async () => {
      for (const url of [
        'http://127.0.0.2:1',
        'http://[::1]:1',
        'http://10.0.0.1',
        'http://169.254.169.254',
      ]) {
        const { status, body } = await api('POST', '/v1/channels/test', {
          provider: 'webhook',
          config: { url, secret: 'x'.repeat(16) },
        });
        expect([url, status, JSON.stringify(body)]).toEqual([
          url,
          400,
          expect.stringContaining('is not an address of the internet'),
        ]);
      }
    });

    test('a test message is sent at once, and its fault is the answer', async () => {
      const config = { webhook_url: receiver.url };
      expect((await api('POST', '/v1/channels/test', { provider: 'slack', config })).status).toBe(200);
      expect(receiver.received[0]?.body).toContain('channel.test');
      receiver.answer = (response) => response.writeHead(403).end();
      const failed = await api('POST', '/v1/channels/test', { provider: 'slack', config });
      expect(failed).toMatchObject({
        status: 400,
        body: { error: { code: 'invalid_request', field: 'config' } },
      });
      expect(JSON.stringify(failed.body)).toContain('the receiver answered 403');
    });

    test('settings are sealed, and shown to nobody again', async () => {
      const made = await webhook();
      expect(made.secret).toMatch(/^[0-9a-f]{64}$/);
      const shown = JSON.stringify((await api('GET', `/v1/channels/${made.id}`)).body);
      expect(shown).not.toContain(made.secret);
      expect(shown).not.toContain('/in?x=1');
      const row = await server()
        .controlPlane.context.database.selectFrom('channels')
        .select('config')
        .executeTakeFirstOrThrow();
      expect(row.config.toString('latin1')).not.toContain('127.0.0.1');
    });

    test('a new secret is shown once, and signs what comes after it', async () => {
      const made = await webhook();
      const config = { url: `${receiver.url}/new` };
      const { body } = await api('PUT', `/v1/channels/${made.id}/config`, { config });
      const { secret = '' } = body as Made;
      expect(secret).not.toBe(made.secret);
      await api('POST', '/v1/capsules', {});
      await expect.poll(() => receiver.received.length, poll).toBe(1);
      const [received] = receiver.received;
      expect(received?.path).toBe('/new');
      expect(received?.headers['x-wrenn-signature']).toBe(signature(received, secret));
    });

    test('names are one per team, and written in one way', async () => {
      await webhook();
      const again = {
        name: ' MY  hook ',
        provider: 'slack',
        config: { webhook_url: receiver.url },
        events: [],
      };
      expect(await api('POST', '/v1/channels', again)).toMatchObject({
        status: 409,
        body: { error: { field: 'name' } },
      });
    });

    test.each([
      { name: '<b>', provider: 'slack', config: { webhook_url: 'https://x.example' }, events: [] },
      { name: 'a', provider: 'pager', config: {}, events: [] },
      { name: 'a', provider: 'slack', config: {}, events: [] },
      { name: 'a', provider: 'slack', config: { webhook_url: 'https://x.example' }, events: ['everything'] },
      { name: 'a'.repeat(1_000_000), provider: 'slack', config: {}, events: [] },
      { name: 'a', provider: 'slack', config: { webhook_url: `https://${'x'.repeat(5000)}` }, events: [] },
    ])('what is wrong is refused: %#', async (body) => {
      const { status } = await api('POST', '/v1/channels', body);
      expect([400, 413]).toContain(status);
    });

    test('a change and an end are in the audit log with the channel', async () => {
      const made = await webhook();
      await api('PATCH', `/v1/channels/${made.id}`, { name: 'other', events: ['host.down'] });
      expect((await api('DELETE', `/v1/channels/${made.id}`)).status).toBe(204);
      expect((await api('DELETE', `/v1/channels/${made.id}`)).status).toBe(204);
      const entries = await server()
        .controlPlane.context.database.selectFrom('audit_entries')
        .select(['action'])
        .where('resource_id', '=', made.id)
        .orderBy('number')
        .execute();
      expect(entries.map(({ action }) => action)).toEqual(['create', 'update', 'delete']);
    });
  },
);
