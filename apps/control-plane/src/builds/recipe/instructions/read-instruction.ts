import type { Instruction, Note, RecipeFormat } from '../instruction.ts';
import { quoted } from '../problems.ts';
import type { Cursor } from '../text/cursor.ts';
import { readAdd, readCopy } from './copy.ts';
import { readFrom } from './from.ts';
import { readHealthcheckInstruction } from './healthcheck.ts';
import { readExpose, readUser, readWorkdir } from './places.ts';
import { readLaunch, readRun, readShell } from './run.ts';
import { readArg, readEnv } from './variables.ts';

type Reader = (cursor: Cursor) => Instruction;

const inBoth: Readonly<Record<string, Reader>> = {
  FROM: readFrom,
  ARG: readArg,
  ENV: readEnv,
  RUN: readRun,
  COPY: readCopy,
  USER: readUser,
  WORKDIR: readWorkdir,
  EXPOSE: readExpose,
  SHELL: readShell,
  HEALTHCHECK: readHealthcheckInstruction,
};

const readers: Readonly<Record<RecipeFormat, Readonly<Record<string, Reader>>>> = {
  recipe: { ...inBoth, START: readLaunch('start') },
  dockerfile: {
    ...inBoth,
    ADD: readAdd,
    ENTRYPOINT: readLaunch('entrypoint'),
    CMD: readLaunch('cmd'),
    LABEL: readNote('LABEL'),
    MAINTAINER: readNote('MAINTAINER'),
    STOPSIGNAL: readNote('STOPSIGNAL'),
  },
};

/** What Docker has and a template has not, or has by another name. */
const remedies: Readonly<Record<string, string>> = {
  // Docker makes the folder when a container starts; left out silently, a program would miss it.
  VOLUME: 'use RUN mkdir -p: all of a capsule’s disk is kept',
  ONBUILD: 'write the instruction in the recipes that are based on this one',
  ADD: 'use COPY',
  CMD: 'use START',
  ENTRYPOINT: 'use START',
  START: 'use CMD',
  LABEL: 'leave it out, or submit the text as a Dockerfile',
  MAINTAINER: 'leave it out, or submit the text as a Dockerfile',
  STOPSIGNAL: 'leave it out, or submit the text as a Dockerfile',
};

export function readInstruction(cursor: Cursor): Instruction {
  const word = cursor.take(/\S+/y) ?? '';
  const keyword = word.toUpperCase();
  const known = readers[cursor.format];
  if (!Object.hasOwn(known, keyword)) {
    const remedy = Object.hasOwn(remedies, keyword) ? remedies[keyword] : undefined;
    cursor.refuse(
      remedy === undefined ? `${quoted(word)} is no instruction` : `${keyword} is not supported here`,
      remedy ?? `the instructions are ${Object.keys(known).join(', ')}`,
      0,
    );
  }
  cursor.skipSpace();
  return known[keyword]?.(cursor) ?? cursor.refuse('no instruction', 'remove the line', 0);
}

function readNote(keyword: string): (cursor: Cursor) => Note {
  return (cursor) => {
    if (cursor.next === undefined) cursor.refuse(`${keyword} says nothing`, 'leave it out');
    return { ...cursor.written, kind: 'note', keyword };
  };
}
