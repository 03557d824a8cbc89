/** Pictures that are nothing but pictures: one that holds markup is shown as the text that it is. */
const types: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  bmp: 'image/bmp',
  ico: 'image/x-icon',
};

/** By the end of a name; undefined for what is no picture. */
export function imageType(name: string): string | undefined {
  const extension = name.toLowerCase().split('.').at(-1) ?? '';
  return Object.hasOwn(types, extension) ? types[extension] : undefined;
}
