/**
 * A script for `sh -c`: joins the cgroups whose files of processes are named before `--`, sets limits, and becomes the
 * command after it. A shell, because it has to happen between fork and exec; data arrives as arguments and is never part
 * of the script.
 */
export const enterAndBecome =
  'ulimit -c 0; while [ "$1" != -- ]; do echo $$ >"$1"; shift; done; shift; exec "$@"';
