import { hierarchy, treemap, treemapSquarify } from 'd3-hierarchy';
import type { TreeNode } from '../app/measurements/measurements.ts';

/** Which part of the image a tile belongs to. */
export type TileKind = 'packages' | 'application' | 'byteCode' | 'system';

/** One rectangle of the treemap, in the layout's own units. */
export interface Tile {
  x: number;
  y: number;
  width: number;
  height: number;
  /** What stands in it. */
  label: string;
  /** From the image's root. */
  path: string;
  size: number;
  kind: TileKind;
  /** Below the root; a group has its label in a line above its parts. */
  depth: number;
  group: boolean;
}

/** A folder with the folders that hold nothing else beside the next one joined into its name. */
export interface Folder {
  label: string;
  path: string;
  size: number;
  kind: TileKind;
  children: Folder[];
}

/** As many levels of groups are drawn; below them a folder is one tile. */
const DEEPEST = 4;

/** Of the whole: smaller ones are one tile together. */
const SMALLEST_SHARE = 0.002;

/** A folder that holds nearly nothing beside one child is shown as one with it. */
const NEARLY_ALL = 0.985;

/** Area below which a folder is not shown by its parts, in the units of the layout. */
const SMALLEST_GROUP = 12_000;

/** Height of the line that holds the label of a group. */
export const GROUP_LINE = 22;

const SITE_PACKAGES = /\/(?:site|dist)-packages(?:\/|$)/;
const BYTE_CODE = /^\/pyc(?:\/|$)|\/__pycache__(?:\/|$)/;
const APPLICATION = /^\/(?:app|srv|code|usr\/src\/app)(?:\/|$)/;

function kindOf(path: string): TileKind {
  if (BYTE_CODE.test(path)) return 'byteCode';
  if (SITE_PACKAGES.test(path) || path.startsWith('/opt/venv')) return 'packages';
  return APPLICATION.test(path) ? 'application' : 'system';
}

/** The tree as it is shown: chains of folders joined, the largest first, small ones together. */
export function folders(tree: TreeNode): Folder {
  const smallest = Math.max(tree.size, 1) * SMALLEST_SHARE;
  const visit = (start: TreeNode, above: string, label: string, depth: number): Folder => {
    let node = start;
    let path = above;
    let shown = label;
    // A site-packages folder is told apart, however much of its folder it is.
    for (;;) {
      const [only] = node.children.toSorted((left, right) => right.size - left.size);
      const isMost = only !== undefined && only.size >= node.size * NEARLY_ALL && node.size > 0;
      if (depth === 0 || !isMost || only.children.length === 0 || SITE_PACKAGES.test(path)) break;
      node = only;
      path = `${path}/${only.name}`;
      shown = `${shown}/${only.name}`;
    }
    const large = node.children.filter((child) => child.size >= smallest && child.name !== 'other');
    const size = Math.max(
      start.size,
      large.reduce((sum, child) => sum + child.size, 0),
    );
    const rest = size - large.reduce((sum, child) => sum + child.size, 0);
    const children =
      depth >= DEEPEST
        ? []
        : large
            .toSorted((left, right) => right.size - left.size)
            .map((child) => visit(child, `${path}/${child.name}`, child.name, depth + 1));
    if (children.length > 0 && rest > 0) {
      const kind = kindOf(path);
      children.push({ label: 'smaller ones', path: `${path}/…`, size: rest, kind, children: [] });
    }
    return { label: shown, path: path === '' ? '/' : path, size, kind: kindOf(path), children };
  };
  return visit(tree, '', '/', 0);
}

/**
 * A squarified treemap.
 * @param root what `folders` gives
 * @param width of the whole, in units that are about a pixel
 * @param height of the whole
 */
export function layoutTreemap(root: Folder, width: number, height: number): Tile[] {
  const perByte = (width * height) / Math.max(root.size, 1);
  const shown = withoutSmallParts(root, SMALLEST_GROUP / perByte);
  // A folder is as large as its parts, of which "smaller ones" is one.
  const node = hierarchy<Folder>(shown, ({ children }) => children).sum(({ size, children }) =>
    children.length > 0 ? 0 : size,
  );
  // Of the layout, in place: it is no list.
  // oxlint-disable-next-line unicorn/no-array-sort
  node.sort((left, right) => (right.value ?? 0) - (left.value ?? 0));
  const layout = treemap<Folder>()
    .tile(treemapSquarify.ratio(1.3))
    .size([width, height])
    .paddingInner(2)
    .paddingTop(({ depth, data }) => (depth > 0 && data.children.length > 0 ? GROUP_LINE : 0));
  return layout(node)
    .descendants()
    .filter(({ depth }) => depth > 0)
    .map(({ x0, y0, x1, y1, depth, data }) => ({
      x: x0,
      y: y0,
      width: x1 - x0,
      height: y1 - y0,
      label: data.label,
      path: data.path,
      size: data.size,
      kind: data.kind,
      depth,
      group: data.children.length > 0,
    }))
    .filter((tile) => tile.width >= 1 && tile.height >= 1);
}

/** Folders that have no room for a line with their name are one tile. */
function withoutSmallParts(folder: Folder, smallest: number): Folder {
  const children = folder.size >= smallest ? folder.children : [];
  return { ...folder, children: children.map((child) => withoutSmallParts(child, smallest)) };
}
