import type { Readable } from 'node:stream';
import type { Template } from '../../templates/template.ts';
import type { ImageLayer } from '../registry/manifest.ts';
import type { ResolvedImage } from '../registry/registry-client.ts';
import type { Surroundings } from '../steps/surroundings.ts';

/** An image that was looked up in its registry, and how its layers are read. */
export interface ImportedImage {
  readonly reference: string;
  readonly image: ResolvedImage;
  readonly open: (layer: ImageLayer, signal: AbortSignal) => Promise<Readable>;
}

/** How a stage ended. */
export interface StageEnd {
  readonly key: string;
  readonly surroundings: Surroundings;
  /** What a capsule in that state starts from. */
  readonly start: Template;
  /** The image that it came from, for what that runs. */
  readonly image: ImportedImage | undefined;
  /** The template that it came from. */
  readonly parent: Template | undefined;
}
