/** Where a part of the guest's memory is; what no range covers is in the template's memory file. */
export interface MapRange {
  readonly offset: number;
  readonly length: number;
  readonly source: MapSource;
}

export type MapSource = 'zero' | { readonly layer: string; readonly offset: number };

/**
 * The memory of one snapshot. Each range names the layer that holds it, whichever generation wrote that: a page is read
 * from its place at once, never by walking from child to parent.
 */
export interface MemoryMap {
  readonly memoryBytes: number;
  /** How many captures lie between this and the template. */
  readonly generation: number;
  /** Ascending, disjoint, whole pages. */
  readonly ranges: readonly MapRange[];
}

export function layersOf({ ranges }: MemoryMap): string[] {
  const layers = new Set<string>();
  for (const { source } of ranges) if (source !== 'zero') layers.add(source.layer);
  return [...layers].toSorted();
}

/** Puts ranges together that adjoin, in the guest's memory and where they are read from. */
export class MapBuilder {
  readonly #ranges: { offset: number; length: number; source: MapSource }[] = [];

  get ranges(): readonly MapRange[] {
    return this.#ranges;
  }

  /** Ranges come in ascending order. */
  add(offset: number, length: number, source: MapSource): void {
    const last = this.#ranges.at(-1);
    if (last !== undefined && last.offset + last.length === offset && continues(last, source)) {
      last.length += length;
      return;
    }
    this.#ranges.push({ offset, length, source });
  }
}

function continues(last: MapRange, source: MapSource): boolean {
  if (last.source === 'zero' || source === 'zero') return last.source === source;
  return last.source.layer === source.layer && last.source.offset + last.length === source.offset;
}

/** Reads a map from front to back: the pieces of one stretch after another, ascending. */
export class MapCursor {
  readonly #ranges: readonly MapRange[];
  #at = 0;

  constructor(map: MemoryMap | undefined) {
    this.#ranges = map?.ranges ?? [];
  }

  /** The stretch in pieces of one source each; `base` where no range covers it. */
  *pieces(
    offset: number,
    length: number,
  ): Generator<{ offset: number; length: number; source: MapSource | 'base' }> {
    const end = offset + length;
    let from = offset;
    while (from < end) {
      let range = this.#ranges[this.#at];
      while (range !== undefined && range.offset + range.length <= from) range = this.#ranges[++this.#at];
      if (range === undefined || range.offset >= end) {
        yield { offset: from, length: end - from, source: 'base' };
        return;
      }
      if (range.offset > from) {
        yield { offset: from, length: range.offset - from, source: 'base' };
        from = range.offset;
      }
      const to = Math.min(end, range.offset + range.length);
      yield { offset: from, length: to - from, source: moved(range.source, from - range.offset) };
      from = to;
    }
  }
}

/** The source of what begins `by` bytes further on. */
export function moved<T extends MapSource | 'base'>(source: T, by: number): MapSource | T {
  return typeof source === 'string' ? source : { layer: source.layer, offset: source.offset + by };
}
