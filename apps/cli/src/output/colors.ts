import picocolors from 'picocolors';

export type Colors = Pick<
  ReturnType<typeof picocolors.createColors>,
  'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'
>;

/**
 * Colours for a stream: only where a person looks at it, and never when NO_COLOR is set to anything
 * (https://no-color.org) or the terminal is dumb.
 */
export function colorsFor(
  stream: { readonly isTTY?: boolean | undefined },
  environment: Readonly<Record<string, string | undefined>>,
): Colors {
  const refused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  return picocolors.createColors(stream.isTTY === true && !refused);
}
