import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { WrennError } from '@wrenn/core';
import { type Extract, extract } from 'tar-stream';
import { chunkBytes, fileChunks } from './file-chunks.ts';
import type { Member, ReadMembers } from './member.ts';
import { refusal } from './refusal.ts';
import { TarFrame } from './tar-frame.ts';
import { type TarHeader, tarMember } from './tar-header.ts';

/** Reads a tar from its start; its members are in the order of the archive. */
export function tarMembers(path: string, kind: 'tar' | 'tar.gz'): ReadMembers {
  return async function* members(tally, signal): AsyncGenerator<Member, void, void> {
    await using file = await open(path);
    const frame = new TarFrame(tally);
    const parser = extract();
    const fed = feed({ file, kind, frame, parser, signal }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    try {
      let number = 0;
      for await (const entry of parser) {
        const header = entry.header as unknown as TarHeader;
        const member = tarMember(header, number, chunksOf(entry as AsyncIterable<Buffer>, fed));
        tally.expectBytes(member.size, member.name);
        frame.entry(header.byteOffset, member.size);
        yield member;
        // What was not read is passed over: the parser waits for it.
        entry.resume();
        number += 1;
      }
      frame.end();
      const fault = await fed;
      if (fault !== undefined) throw fault;
    } catch (thrown) {
      throw await firstFault(thrown, fed);
    } finally {
      parser.destroy();
      await fed;
    }
  };
}

interface Feed {
  readonly file: FileHandle;
  readonly kind: 'tar' | 'tar.gz';
  readonly frame: TarFrame;
  readonly parser: Extract;
  readonly signal: AbortSignal;
}

async function feed({ file, kind, frame, parser, signal }: Feed): Promise<void> {
  const { size } = await file.stat();
  const source = fileChunks(file, { start: 0, end: size });
  async function* watched(chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      frame.pass(chunk);
      yield chunk;
    }
  }
  // It behaves as a stream of Node's does, and is typed as another.
  const sink = parser as unknown as NodeJS.WritableStream;
  if (kind === 'tar') return pipeline(source, watched, sink, { signal });
  const gunzip = createGunzip({ chunkSize: chunkBytes });
  await pipeline(source, gunzip, watched, sink, { signal });
  // Gunzip leaves what follows the compressed data alone.
  if (gunzip.bytesWritten !== size) throw refusal('it goes on after its compressed data');
}

async function* chunksOf(
  entry: AsyncIterable<Buffer>,
  fed: Promise<unknown>,
): AsyncGenerator<Buffer, void, void> {
  try {
    yield* entry;
  } catch (thrown) {
    throw await firstFault(thrown, fed);
  }
}

/** A fault of the source ends the parser too, with a fault of its own that says less; a refusal says all. */
async function firstFault(thrown: unknown, fed: Promise<unknown>): Promise<unknown> {
  return thrown instanceof WrennError ? thrown : ((await fed) ?? thrown);
}
