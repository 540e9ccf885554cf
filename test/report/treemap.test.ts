import { describe, expect, it } from 'vitest';
import type { TreeNode } from '../../generators/app/measurements/measurements.ts';
import { folders, layoutTreemap, type Folder, type Tile } from '../../generators/report/treemap.ts';
import { example } from './example.ts';

const node = (name: string, size: number, children: TreeNode[] = []): TreeNode => ({ name, size, children });
const exampleTree = example().images.production?.tree ?? node('/', 0);

describe('folders', () => {
  it('joins a chain of folders into one name, but not beyond site-packages', () => {
    const numpy = node('numpy', 100);
    const site = node('site-packages', 100, [numpy]);
    const tree = node('/', 200, [
      node('opt', 100, [node('venv', 100, [node('lib', 100, [node('python3.12', 100, [site])])])]),
      node('usr', 100),
    ]);
    const [opt] = folders(tree).children;
    expect(opt?.label).toBe('opt/venv/lib/python3.12/site-packages');
    expect(opt?.path).toBe('/opt/venv/lib/python3.12/site-packages');
    expect(opt?.children.map(({ label, kind }) => [label, kind])).toEqual([['numpy', 'packages']]);
  });

  it('puts small ones together, so that sizes add up', () => {
    const small = Array.from({ length: 50 }, (_, index) => node(`s${index}`, 1));
    const root = folders(node('/', 1050, [node('large', 1000), ...small]));
    expect(root.children.map(({ label, size }) => [label, size])).toEqual([
      ['large', 1000],
      ['smaller ones', 50],
    ]);
    const addsUp = ({ size, children }: Folder): boolean =>
      children.length === 0 ||
      (children.every(addsUp) && children.reduce((sum, child) => sum + child.size, 0) === size);
    expect(addsUp(folders(exampleTree))).toBe(true);
  });

  it('tells packages, code, byte-code and the system apart', () => {
    const kinds = Object.fromEntries(folders(exampleTree).children.map(({ label, kind }) => [label, kind]));
    expect(kinds).toEqual({
      'opt/venv/lib/python3.12/site-packages': 'packages',
      usr: 'system',
      pyc: 'byteCode',
      app: 'application',
      var: 'system',
    });
  });

  it('takes a tree whose children are larger than it says', () => {
    const root = folders(node('/', 1, [node('a', 10), node('b', 20)]));
    expect(root.size).toBe(30);
  });
});

describe.each([
  [760, 520],
  [360, 520],
])('a layout of %d × %d', (width, height) => {
  const tiles = layoutTreemap(folders(exampleTree), width, height);
  const leaves = tiles.filter(({ group }) => !group);

  it('lies within its bounds, and no tile covers another', () => {
    for (const tile of tiles) {
      expect(tile.x).toBeGreaterThanOrEqual(-0.01);
      expect(tile.x + tile.width).toBeLessThanOrEqual(width + 0.01);
      expect(tile.y + tile.height).toBeLessThanOrEqual(height + 0.01);
    }
    const overlap = (a: Tile, b: Tile): boolean =>
      a.x + a.width > b.x + 0.01 &&
      b.x + b.width > a.x + 0.01 &&
      a.y + a.height > b.y + 0.01 &&
      b.y + b.height > a.y + 0.01;
    const covered = leaves.filter((tile, index) =>
      leaves.slice(index + 1).some((next) => overlap(tile, next)),
    );
    expect(covered).toEqual([]);
  });

  it('gives the larger folder the larger area', () => {
    const top = tiles.filter(({ depth }) => depth === 1);
    const [largest] = top.toSorted((left, right) => right.size - left.size);
    const area = ({ width: w, height: h }: Tile): number => w * h;
    expect(Math.max(...top.map(area))).toBe(area(largest as Tile));
    const share = area(largest as Tile) / (width * height);
    expect(share).toBeCloseTo((largest as Tile).size / exampleTree.size, 1);
  });
});

it('an empty image has no tile', () => {
  expect(layoutTreemap(folders(node('/', 0)), 760, 520)).toEqual([]);
});
