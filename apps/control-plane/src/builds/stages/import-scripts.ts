import { scratch } from '../steps/copy-scripts.ts';

/** Where an image grows before it becomes the root. */
const root = `${scratch}/root`;
export const layerPath = `${scratch}/layer`;

/** Makes room for an image in a capsule of minimal, whose tar unpacks it. */
export const prepareScript = `
$busybox rm -rf ${scratch}
$busybox mkdir -p ${root}/.wrenn-tools
$busybox mount -o bind / ${root}/.wrenn-tools
`;

/**
 * Lays the layer of kind $1 over what is there. What it takes away goes first. Unpacked from inside of the new root,
 * so that links in it lead where they would lead in a container. Devices are the machine's own, and left out.
 */
export const unpackLayerScript = `
case $1 in
  tar+gzip) plain() { /usr/bin/gzip -dc ${layerPath}; } ;;
  *) plain() { $busybox cat ${layerPath}; } ;;
esac
tools=/.wrenn-tools
libraries=$tools/usr/lib/x86_64-linux-gnu
inside() { $busybox chroot ${root} $libraries/ld-linux-x86-64.so.2 --library-path $libraries "$@"; }
plain >/dev/null || { echo 'the layer is damaged' >&2; exit 1; }
plain | /usr/bin/tar -tf - --quoting-style=literal >${scratch}/names
{ $busybox grep -E '(^|/)\\.wh\\.' ${scratch}/names || true; } | while IFS= read -r mark; do
  name=\${mark##*/} folder=.
  case $mark in */*) folder=\${mark%/*} ;; esac
  case $name in
    .wh..wh..opq) inside $tools/usr/bin/find "/$folder" -xdev -mindepth 1 -delete ;;
    *) inside $tools/usr/bin/rm -rf --one-file-system "/$folder/\${name#.wh.}" ;;
  esac
done
plain | inside $tools/usr/bin/tar -xpf - -C / --numeric-owner --same-owner --xattrs --xattrs-include='*' \\
  --delay-directory-restore --exclude='.wh.*' --exclude='./dev/*' --exclude='dev/*' --warning=no-timestamp
$busybox rm -f ${layerPath} ${scratch}/names
`;

/**
 * The image takes the place of the root file system that the capsule was booted from. From here on only what the runtime
 * drive has is there beside it: busybox, and the daemon, which goes on.
 */
export const transplantScript = `
$busybox umount ${root}/.wrenn-tools
$busybox rmdir ${root}/.wrenn-tools
for name in hostname hosts machine-id; do $busybox umount /etc/$name 2>/dev/null || true; done
each() { for path in "$1"/* "$1"/.[!.]* "$1"/..?*; do if [ -e "$path" ] || [ -L "$path" ]; then "$2" "$path"; fi; done; }
drop() {
  case \${1##*/} in proc | sys | dev | run | tmp | lost+found | ${scratch.slice(1)}) ;; *) $busybox rm -rf "$1" ;; esac
}
place() {
  case \${1##*/} in
    proc | sys | dev | run | tmp) $busybox rm -rf "$1" ;;
    *) $busybox mv "$1" /\${1##*/} ;;
  esac
}
each '' drop
each ${root} place
$busybox rm -rf ${scratch}
$busybox chmod 755 /
$busybox mkdir -p /etc
for name in hostname hosts machine-id; do
  [ -f /run/wrenn/identity/$name ] || continue
  [ ! -L /etc/$name ] || $busybox rm -f /etc/$name
  [ -e /etc/$name ] || : >/etc/$name
  $busybox mount -o bind /run/wrenn/identity/$name /etc/$name
done
$busybox rm -f /etc/resolv.conf
echo 'nameserver 169.254.0.22' >/etc/resolv.conf
$busybox sync
`;
