import type { Schemas } from '#lib/api/client.ts';

type Entry = Schemas['AuditEntry'];
type Words = (facts: (name: string) => string | undefined) => string;

/** What follows the name of who did it. */
const sentences: Readonly<Record<string, Words>> = {
  'sandbox.create': (fact) => `made a capsule${by(' of', fact('template'))}`,
  'sandbox.fork': (fact) => `forked a capsule${by(' from', fact('parent'))}`,
  'sandbox.pause': () => 'paused a capsule',
  'sandbox.resume': () => 'resumed a capsule',
  'sandbox.destroy': () => 'destroyed a capsule',
  'sandbox.fail': () => 'found that a capsule failed',
  'sandbox.access': () => 'changed who may use the ports of a capsule',
  'sandbox.link': (fact) => `made a link to port ${fact('port') ?? ''} of a capsule`.replace('  ', ' '),
  'sandbox.exec': () => 'ran a command in a capsule',
  'sandbox.terminal': () => 'opened a terminal of a capsule',
  'sandbox.process': () => 'reached a process in a capsule',
  'sandbox.file_read': (fact) => `read ${fact('path') ?? 'a file'} in a capsule`,
  'sandbox.file_write': (fact) => `wrote ${fact('path') ?? 'a file'} in a capsule`,
  'snapshot.create': (fact) => `took a snapshot${by(',', fact('name'))}`,
  'snapshot.delete': (fact) => `deleted a snapshot${by(',', fact('name'))}`,
  'template.create': (fact) => `made the template ${fact('name') ?? ''}`,
  'template.update': (fact) => `changed the template ${fact('name') ?? ''}`,
  'template.tag': (fact) => `tagged the template ${fact('name') ?? ''}${by(' as', fact('tag'))}`,
  'template.untag': (fact) => `took a tag from the template ${fact('name') ?? ''}${by(':', fact('tag'))}`,
  'template.alias': (fact) => `gave the template ${fact('name') ?? ''} another name${by(':', fact('alias'))}`,
  'template.unalias': (fact) =>
    `took a name from the template ${fact('name') ?? ''}${by(':', fact('alias'))}`,
  'template.delete': (fact) => `deleted the template ${fact('name') ?? ''}`,
  'build.create': (fact) => `began a build${by(' of', fact('name'))}`,
  'build.cancel': (fact) => `cancelled a build${by(' of', fact('name'))}`,
  'api_key.create': (fact) => `made the key ${fact('name') ?? ''}`,
  'api_key.revoke': (fact) => `revoked the key ${fact('name') ?? ''}`,
  'api_key.use': (fact) => `used the key ${fact('name') ?? ''}`,
  'channel.create': (fact) => `made the channel ${fact('name') ?? ''}`,
  'channel.update': (fact) => `changed the channel ${fact('name') ?? ''}`,
  'channel.rotate_config': (fact) => `replaced the connection of the channel ${fact('name') ?? ''}`,
  'channel.delete': (fact) => `deleted the channel ${fact('name') ?? ''}`,
  'channel.test': (fact) => `tried a connection${by(' to', fact('provider'))}`,
  'channel.redeliver': () => 'sent an event to a channel again',
  'team.create': (fact) => `made the team ${fact('name') ?? ''}`,
  'team.rename': (fact) => `renamed the team to ${fact('new_name') ?? 'another name'}`,
  'team.settings': (fact) =>
    fact('audits_access') === undefined
      ? 'changed the settings of the team'
      : `turned the log of commands and files ${fact('audits_access') === 'true' ? 'on' : 'off'}`,
  'team.transfer': (fact) => `made ${fact('email') ?? 'somebody else'} the owner of the team`,
  'team.set_byoc': () => 'gave the team hosts of its own',
  'team.delete': () => 'deleted the team',
  'member.invite': (fact) => `invited ${fact('email') ?? 'somebody'}${by(' as', fact('role'))}`,
  'member.uninvite': (fact) => `took the invitation of ${fact('email') ?? 'somebody'} back`,
  'member.add': (fact) => `added ${fact('email') ?? 'somebody'}${by(' as', fact('role'))}`,
  'member.remove': (fact) => `removed ${fact('email') ?? 'somebody'} from the team`,
  'member.leave': () => 'left the team',
  'member.role_update': (fact) =>
    `made ${fact('email') ?? 'somebody'} ${fact('new_role') ?? 'something else'}`,
  'host.marked_up': () => 'found that a host is up',
  'host.marked_down': () => 'found that a host is down',
  'user.signup': (fact) => `signed up${by(' through', fact('provider'))}`,
  'user.activate': (fact) => `activated the account ${fact('email') ?? ''}`,
  'user.deactivate': (fact) => `disabled the account ${fact('email') ?? ''}`,
  'user.sign_in': (fact) => `signed in${by(' by', fact('method'))}`,
  'user.sign_in_refused': (fact) => `was refused at the sign-in${by(':', fact('reason'))}`,
  'user.sign_out': () => 'signed out',
  'user.rename': (fact) => `changed their name to ${fact('to') ?? 'another one'}`,
  'user.password': (fact) => (fact('news') === 'added' ? 'added a password' : 'changed their password'),
  'user.password_reset': () => 'chose a new password by a mail',
  'user.link': (fact) => `connected an account${by(' at', fact('provider'))}`,
  'user.unlink': (fact) => `disconnected an account${by(' at', fact('provider'))}`,
  'user.delete': () => 'deleted their account',
  'user.purge': () => 'removed what was left of an account',
  'user.grant_admin': (fact) => `made ${fact('email') ?? 'somebody'} an administrator`,
  'user.revoke_admin': (fact) => `made ${fact('email') ?? 'somebody'} an administrator no more`,
  'audit_log.export': () => 'exported the log',
  'audit_log.remove': (fact) => `removed ${fact('removed') ?? ''} old entries of a log`.replace('  ', ' '),
};

/** `made a capsule of minimal`; an extension's action, which is not known here, by its own words. */
export function sentenceOf(entry: Entry): string {
  const { resource_type: resource, action, status, metadata, personal } = entry;
  const fact = (name: string) => textOf(personal[name] ?? metadata[name]);
  const words = sentences[`${resource}.${action}`];
  const done = (words?.(fact) ?? `${resource.replaceAll('_', ' ')}: ${action.replaceAll('_', ' ')}`).trim();
  const code = fact('code');
  return status === 'error' ? `${done}; it failed${by(':', code?.replaceAll('_', ' '))}` : done;
}

function by(word: string, fact: string | undefined): string {
  return fact === undefined ? '' : `${word} ${fact}`;
}

function textOf(value: unknown): string | undefined {
  return value === undefined || value === null || typeof value === 'object' ? undefined : String(value);
}

/** Everything that an entry has beside its sentence, as names and texts. */
export function detailsOf({ personal, metadata }: Entry): readonly (readonly [string, string])[] {
  const known = [...Object.entries(personal), ...Object.entries(metadata)];
  return known.map(
    ([name, value]) =>
      [name.replaceAll('_', ' '), typeof value === 'object' ? JSON.stringify(value) : String(value)] as const,
  );
}
