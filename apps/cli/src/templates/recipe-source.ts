import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { systemCode, WrennError } from '@wrenn/core';
import type { RecipeFormat } from '@wrenn/sdk';
import { readTemplateSettings, type TemplateSettings } from './template-settings.ts';

/** What a template is built of, as it is on this machine. */
export interface RecipeSource {
  /** What COPY copies from. */
  readonly folder: string;
  readonly recipe: string;
  readonly format: RecipeFormat;
  /** Of the template, where nobody gives another. */
  readonly name: string;
  readonly settings: TemplateSettings;
}

export interface RecipeFlags {
  /** The recipe, where it is not in the folder under a usual name. */
  readonly file?: string;
  readonly dockerfile?: true;
}

/** What the server takes, and then some: it is the one that says what is too long. */
const mostBytes = 512 * 1024;
const usualNames = ['recipe', 'Dockerfile'] as const;

/** Reads the recipe of a folder, or of a file whose folder is what it copies from. */
export async function readRecipeSource(path: string, flags: RecipeFlags): Promise<RecipeSource> {
  const isFolder = (await kindOf(path)) === 'folder';
  if (!isFolder && flags.file !== undefined) {
    throw new WrennError('invalid_request', `${path} is not a folder`, {
      remedy: 'give the folder that the recipe copies from beside --file, or the recipe alone',
    });
  }
  const folder = isFolder ? path : dirname(path);
  const file = isFolder ? (flags.file ?? (await usualFile(folder))) : path;
  const settings = await readTemplateSettings(folder);
  const format = flags.dockerfile === true ? 'dockerfile' : (settings.format ?? formatOf(file));
  const name = settings.name ?? basename(resolve(folder));
  return { folder, recipe: await readText(file), format, name, settings };
}

async function usualFile(folder: string): Promise<string> {
  const candidates = usualNames.map((name) => join(folder, name));
  const kinds = await Promise.all(candidates.map((file) => kindIfAny(file)));
  const found = candidates.filter((_file, index) => kinds[index] === 'file');
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw new WrennError(
    'invalid_request',
    found.length === 0
      ? `${folder} holds neither a recipe nor a Dockerfile`
      : `${folder} holds a recipe and a Dockerfile`,
    { remedy: 'name the one to build with --file' },
  );
}

function formatOf(file: string): RecipeFormat {
  return /^(?:dockerfile|containerfile)(?:\.|$)|\.(?:dockerfile|containerfile)$/i.test(basename(file))
    ? 'dockerfile'
    : 'recipe';
}

async function readText(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > mostBytes) {
    throw new WrennError('too_large', `${file} is too long for a recipe`, {
      remedy: 'move long scripts to files and COPY them',
    });
  }
  return await readFile(file, 'utf8');
}

async function kindOf(path: string): Promise<'file' | 'folder'> {
  const found = await stat(path);
  return found.isDirectory() ? 'folder' : 'file';
}

async function kindIfAny(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return await kindOf(path);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

const copying = /^[ \t]*(?:COPY|ADD)[ \t]+/i;
const ofStage = /^[ \t]*COPY[ \t]+(?:--\S+[ \t]+)*--from=/i;

/**
 * Whether the folder has to be sent. The server alone reads recipes: where it is not plain that a line copies nothing of
 * it, as in a COPY that goes on in the next line, it is.
 */
export function copiesFromFolder(recipe: string): boolean {
  return recipe.split('\n').some((line) => copying.test(line) && !ofStage.test(line));
}
