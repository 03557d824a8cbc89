/** The Node that the guest's daemon runs on, as the words of a shell: the image has none of its own. */
const runtime = '/run/wrenn/runtime';
export const guestNode = `${runtime}/lib/ld-linux-x86-64.so.2 --library-path ${runtime}/lib ${runtime}/bin/node`;
