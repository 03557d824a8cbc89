import { WrennError } from '@wrenn/core';
import type { BuildCapsule } from '../machine/build-capsule.ts';

/** Numbers, since only the guest's own files know its names. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const mostId = 2 ** 32 - 2;

/** Who a text like `user`, `user:group`, `1000` or `1000:1000` is in the guest. */
export async function ownerIn(capsule: BuildCapsule, text: string, signal: AbortSignal): Promise<Owner> {
  const [user = '', group] = text.split(':');
  const [passwd, groups] = (
    await capsule.script(
      'reading who is there',
      'for file in passwd group; do $busybox cat /etc/$file 2>/dev/null || true; echo "--"; done',
      [],
      signal,
    )
  ).split(/^--$/m);
  const account = linesOf(passwd).find(([name, , uid]) => name === user || uid === user);
  const uid = account === undefined ? numberOf(user) : numberOf(account[2] ?? '');
  if (uid === undefined && user !== 'root') throw unknown('user', user);
  const gid =
    group === undefined || group === ''
      ? (numberOf(account?.[3] ?? '') ?? 0)
      : (numberOf(linesOf(groups).find(([name]) => name === group)?.[2] ?? '') ?? numberOf(group));
  if (gid === undefined) throw unknown('group', group ?? '');
  return { uid: uid ?? 0, gid };
}

function linesOf(text = ''): string[][] {
  return text.split('\n').map((line) => line.split(':'));
}

function numberOf(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= mostId ? Number(text) : undefined;
}

function unknown(what: 'user' | 'group', name: string): WrennError {
  return new WrennError('invalid_request', `there is no ${what} ${JSON.stringify(name)} in the image`, {
    remedy: `make it first, with RUN ${what}add ${name}, or give a number`,
  });
}

/**
 * Makes a user that is not there, in whatever image: the first free number from 1000 on, a group of the same name, a
 * home, and all rights by sudo where that is installed.
 */
export const makeUserScript = `
name=$1
grep() { $busybox grep "$@"; }
[ -f /etc/passwd ] || echo 'root:x:0:0:root:/root:/bin/sh' >/etc/passwd
[ -f /etc/group ] || echo 'root:x:0:' >/etc/group
if grep -q "^$name:" /etc/passwd; then exit 0; fi
id=1000
while grep -q "^[^:]*:[^:]*:$id:" /etc/passwd /etc/group; do id=$((id + 1)); done
shell=/bin/sh
[ ! -x /bin/bash ] || shell=/bin/bash
grep -q "^$name:" /etc/group || echo "$name:x:$id:" >>/etc/group
group=$(grep "^$name:" /etc/group | $busybox cut -d: -f3)
home=/home/$name
echo "$name:x:$id:$group::$home:$shell" >>/etc/passwd
[ ! -f /etc/shadow ] || echo "$name:!:19000:0:99999:7:::" >>/etc/shadow
$busybox mkdir -p $home
[ ! -d /etc/skel ] || $busybox cp -r /etc/skel/. $home/
$busybox chown -R $id:$group $home
if [ -d /etc/sudoers.d ]; then
  echo "$name ALL=(ALL:ALL) NOPASSWD: ALL" >/etc/sudoers.d/$name
  $busybox chmod 0440 /etc/sudoers.d/$name
fi
`;
