/** A file of a layer: what `docker save` has of it. */
export interface LayerEntry {
  path: string;
  type: string;
  size: number;
  mode: number;
  /** Seconds since 1970. */
  modified: number;
  owner: string;
  /** Target of a link. */
  target: string;
  /** SHA-256 of a file's contents. */
  contents: string;
}

/** A path that several layers hold, with the bytes of all of them. */
export interface WastedPath {
  path: string;
  size: number;
}

const WHITEOUT = '.wh.';

/**
 * What dive calls wasted: each path in more than one layer, with the bytes of all its copies; a whiteout counts what it
 * hides.
 */
export function wastedPaths(layers: readonly (readonly LayerEntry[])[]): WastedPath[] {
  const below = new Map<string, number>();
  const seen = new Map<string, { layers: number; size: number }>();
  const count = (path: string, size: number): void => {
    const known = seen.get(path) ?? { layers: 0, size: 0 };
    seen.set(path, { layers: known.layers + 1, size: known.size + size });
  };
  for (const layer of layers) {
    for (const { path, type, size } of layer) {
      const name = path.split('/').at(-1) ?? '';
      if (name.startsWith(WHITEOUT)) {
        const hidden = path.slice(0, path.length - name.length) + name.slice(WHITEOUT.length);
        let bytes = 0;
        for (const [file, fileSize] of below)
          if (file === hidden || file.startsWith(`${hidden}/`)) {
            bytes += fileSize;
            below.delete(file);
          }
        count(hidden, bytes);
      } else if (type !== 'Directory') {
        count(path, size);
        below.set(path, size);
      }
    }
  }
  return [...seen]
    .filter(([, { layers: times, size }]) => times > 1 && size > 0)
    .map(([path, { size }]) => ({ path, size }))
    .toSorted((left, right) => right.size - left.size);
}

/** How two builds of the same image differ. */
export interface Difference {
  layer: number;
  path: string;
  /** What differs: `contents`, `mode`, … or `only in the first`. */
  what: string;
}

/**
 * What differs between the layers of two builds.
 * @param epoch times after it are taken as it, as `rewrite-timestamp` does; null: times count as they are
 */
export function differences(
  first: readonly (readonly LayerEntry[])[],
  second: readonly (readonly LayerEntry[])[],
  epoch: number | null,
): Difference[] {
  const time = (seconds: number): number => (epoch === null ? seconds : Math.min(seconds, epoch));
  const found: Difference[] = [];
  for (let layer = 0; layer < Math.max(first.length, second.length); layer += 1) {
    const others = new Map((second[layer] ?? []).map((entry) => [entry.path, entry]));
    for (const entry of first[layer] ?? []) {
      const other = others.get(entry.path);
      others.delete(entry.path);
      if (other === undefined) {
        found.push({ layer, path: entry.path, what: 'only in the first' });
        continue;
      }
      const what = (['type', 'size', 'mode', 'owner', 'target', 'contents'] as const).filter(
        (name) => entry[name] !== other[name],
      );
      if (time(entry.modified) !== time(other.modified))
        found.push({ layer, path: entry.path, what: 'time' });
      if (what.length > 0) found.push({ layer, path: entry.path, what: what.join(', ') });
    }
    for (const path of others.keys()) found.push({ layer, path, what: 'only in the second' });
  }
  return found;
}
