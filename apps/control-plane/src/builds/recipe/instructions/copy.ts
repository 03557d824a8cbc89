import type { Copy, Word } from '../instruction.ts';
import { ownerOf, sourcePath } from '../names.ts';
import { quoted } from '../problems.ts';
import type { Cursor } from '../text/cursor.ts';
import { literalOf, readWord } from '../text/word.ts';
import { readJsonStrings } from './command.ts';
import { flagValue, flagWord, readFlags } from './flags.ts';
import { ownerHelp } from './places.ts';

/** A word and where it stands. */
interface Argument {
  readonly at: number;
  readonly word: Word;
}

export function readCopy(cursor: Cursor): Copy {
  // --link is about layers, which a capsule has none of: what it copies is the same.
  const flags = readFlags(cursor, ['from', 'chown', 'chmod', 'link']);
  const from = flagValue(
    cursor,
    flags,
    'from',
    (text) => text,
    'write FROM IMAGE AS NAME, and --from=NAME here',
  );
  return readRest(cursor, flags, from);
}

/** ADD of the user's files: what it would fetch or unpack on top of that is refused. */
export function readAdd(cursor: Cursor): Copy {
  const { at } = cursor;
  const copy = readRest(cursor, readFlags(cursor, ['chown', 'chmod', 'link']), undefined);
  for (const source of copy.sources) checkAdded(cursor, literalOf(source), at);
  return copy;
}

function readRest(cursor: Cursor, flags: ReturnType<typeof readFlags>, from: string | undefined): Copy {
  const { written } = cursor;
  const chown = flagWord(cursor, flags, 'chown');
  const owner = chown === undefined ? undefined : literalOf(chown);
  if (owner !== undefined && ownerOf(owner) === undefined) {
    cursor.refuse(`${quoted(owner)} cannot be an owner`, ownerHelp, flags.get('chown')?.at);
  }
  const chmod = flagValue(
    cursor,
    flags,
    'chmod',
    (text) => (/^[0-7]{3,4}$/.test(text) ? text : undefined),
    'write 0755',
  );
  const files: Copy['files'][number][] = [];
  const words = [...readArguments(cursor, files)];
  const destination = words.pop();
  if (destination === undefined || words.length + files.length === 0) {
    return cursor.refuse('a source and a destination are needed', 'write COPY SOURCE… DESTINATION');
  }
  if (literalOf(destination.word) === '')
    cursor.refuse('a destination without a name', 'name it', destination.at);
  if (from !== undefined && files.length > 0)
    cursor.refuse('a heredoc is in no stage', 'copy it without --from');
  for (const source of words) checkSource(cursor, source);
  return {
    ...written,
    kind: 'copy',
    sources: words.map(({ word }) => word),
    files,
    destination: destination.word,
    ...(from === undefined ? {} : { from }),
    ...(chown === undefined ? {} : { chown }),
    ...(chmod === undefined ? {} : { chmod }),
  };
}

/** The words; what is a heredoc goes to `files`. */
function* readArguments(cursor: Cursor, files: Copy['files'][number][]): Iterable<Argument> {
  const { at: start } = cursor;
  for (const text of readJsonStrings(cursor) ?? [])
    yield { at: start, word: readWord(cursor.over(text), 'line') };
  for (; cursor.next !== undefined; cursor.skipSpace()) {
    const { at } = cursor;
    const heredoc = cursor.heredocs[files.length];
    if (heredoc?.offset !== at) yield { at, word: readWord(cursor, 'space') };
    else {
      const content: Word =
        heredoc.variables === 'expanded'
          ? readWord(cursor.within(heredoc), 'line')
          : [{ kind: 'text', text: heredoc.content }];
      files.push({ name: heredoc.name, content });
      cursor.skip(heredoc.length);
    }
  }
  const missed = cursor.heredocs[files.length];
  if (missed !== undefined)
    cursor.refuse('a heredoc inside of something else', 'write COPY <<NAME DESTINATION', missed.offset);
}

function checkSource(cursor: Cursor, { at, word }: Argument): void {
  const text = literalOf(word);
  if (text === '') cursor.refuse('a source without a name', 'name it', at);
  if (text !== undefined && sourcePath(text) === undefined) {
    cursor.refuse(`${quoted(text)} leads out of the folder`, 'name files inside of it', at);
  }
}

const archive = /\.(?:tar|tgz|tbz2?|txz|tzst|tar\.(?:gz|bz2?|xz|zst))$/i;

function checkAdded(cursor: Cursor, text: string | undefined, at: number): void {
  if (text === undefined) cursor.refuse('ADD with a variable can be anything', 'use COPY', at);
  if (/^(?:[a-z][a-z0-9+.-]*:\/\/|git@)/i.test(text)) {
    cursor.refuse(
      `ADD of ${quoted(text)}, which is not a file of yours`,
      'use RUN curl or RUN git clone',
      at,
    );
  }
  if (archive.test(text))
    cursor.refuse(`ADD of the archive ${quoted(text)}`, 'use COPY, then RUN tar -x', at);
  if (/[*?\]]$/.test(text)) cursor.refuse('ADD of what may be archives', 'use COPY, then RUN tar -x', at);
}
