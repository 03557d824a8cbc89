/** What a build writes for itself in a guest, and removes with each step. */
export const scratch = '/.wrenn-build';

/**
 * Unpacks $1, a tar, into the folder `$2`, and removes the tar. `$3` is `uid:gid` for what was in it, or empty for what
 * the tar says; `$4` a mode, or empty. What was there before keeps its owner and mode. Folders that are made on the way
 * are root's.
 */
export const unpackScript = `
tar=$1 into=$2 owner=$3 mode=$4
$busybox mkdir -p "$into"
cd "$into"
$busybox tar -xf "$tar"
# Names hold no line breaks: the archive was read before, and no other is let in.
names() { $busybox tar -tf "$tar" | $busybox tr '\\n' '\\0'; }
if [ -n "$owner" ]; then names | $busybox xargs -0 -r $busybox chown -h "$owner"; fi
# A mode of a link would be that of what it leads to.
if [ -n "$mode" ]; then
  names | $busybox xargs -0 -r $busybox sh -c 'for name; do [ -L "$name" ] || $busybox chmod '"$mode"' "$name"; done' sh
fi
$busybox rm -f "$tar"
$busybox rmdir ${scratch} 2>/dev/null || true
`;

/**
 * Gathers what the patterns `$2`... stand for, from the root on, in the folder `$1`, as COPY does: of a folder what is
 * in it. Says what it is on its output: `file`, `directory` or `several`.
 */
export const gatherScript = `
into=$1
shift
$busybox rm -rf "$into"
$busybox mkdir -p "$into"
count=0 shape=file
for pattern; do
  found=
  cd /
  IFS=
  for path in $pattern; do
    unset IFS
    [ -e "$path" ] || [ -L "$path" ] || continue
    found=yes
    count=$((count + 1))
    real=$($busybox readlink -f "$path")
    if [ -d "$real" ]; then
      shape=directory
      $busybox cp -a "$real/." "$into/"
    else
      $busybox cp -a "$real" "$into/\${path##*/}"
    fi
  done
  unset IFS
  [ -n "$found" ] || { echo "there is no $pattern" >&2; exit 1; }
done
[ $count -lt 2 ] || shape=several
echo $shape
`;

/** The gathered folder `$1` as a tar, in `$2`; the one file in it under the name `$3`, where that is not empty. */
export const packScript = `
cd "$1"
if [ -n "$3" ]; then
  for file in * .[!.]* ..?*; do
    [ -e "$file" ] || [ -L "$file" ] || continue
    [ "$file" = "$3" ] || $busybox mv "$file" "$3"
  done
fi
$busybox ls -A | $busybox tr '\\n' '\\0' | $busybox xargs -0 -r $busybox tar -cf "$2"
[ -e "$2" ] || $busybox tar -cf "$2" -T /dev/null
`;
