/**
 * Gives byte arrays the standard `toBase64`, which later versions of Node have themselves. The protobuf library uses
 * it when it is there as it is loaded, so this must be imported first. Its own way adds a string per byte: with JSON
 * clients that would be most of the daemon's time and garbage.
 */
interface Base64Options {
  readonly alphabet?: 'base64' | 'base64url';
  readonly omitPadding?: boolean;
}

function toBase64(
  this: Uint8Array,
  { alphabet = 'base64', omitPadding = false }: Base64Options = {},
): string {
  const padded = Buffer.from(this.buffer, this.byteOffset, this.byteLength).toString('base64');
  const text = omitPadding ? padded.replace(/=+$/, '') : padded;
  return alphabet === 'base64' ? text : text.replaceAll('+', '-').replaceAll('/', '_');
}

if (!('toBase64' in Uint8Array.prototype)) {
  Object.defineProperty(Uint8Array.prototype, 'toBase64', {
    value: toBase64,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}
