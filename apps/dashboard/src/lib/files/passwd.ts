/** Shells of accounts that nobody works as. */
const noShell = /(?:nologin|false|sync)$/;

/** The users that somebody may want to act as, from an `/etc/passwd`: root, and those that have a shell. */
export function usersIn(passwd: string): string[] {
  return passwd.split('\n').flatMap((line) => {
    const fields = line.split(':');
    const [name = '', , , , , , shell = ''] = fields;
    return fields.length === 7 && name !== '' && !noShell.test(shell) ? [name] : [];
  });
}
