import { formatBytes, formatPercent } from '../app/measurements/format-values.ts';
import { percent } from './charts.ts';
import { html, type Html } from './html.ts';
import { layoutTreemap, type Folder, type Tile, type TileKind } from './treemap.ts';

const KIND_LABELS: Readonly<Record<TileKind, string>> = {
  packages: 'Python packages',
  application: 'application',
  byteCode: 'byte-code',
  system: 'base image and libraries',
};

/** Which of two layouts is shown is decided by the width of the window. */
const LAYOUTS = { wide: [760, 520], tall: [360, 520] } as const;

/** Widths of a letter of a tile's label, on the safe side, and of what is beside the label. */
const LETTER = 7;
const BESIDE = 14;
/** A shortened label tells something with so many letters. */
const FEWEST_LETTERS = 6;
const ONE_LINE = 18;
const TWO_LINES = 36;

/**
 * The treemap with a title for each tile.
 * @param root what is in the image
 * @param layout for wide or for narrow windows
 * @param whole size of the image
 */
export function treemapHtml(root: Folder, layout: keyof typeof LAYOUTS, whole: number): Html {
  const [width, height] = LAYOUTS[layout];
  return html`<div
    class="treemap ${layout}"
    role="img"
    aria-label="Treemap of the image; the list has the same in words"
  >
    ${layoutTreemap(root, width, height).map((tile) => tileHtml(tile, width, height, whole))}
  </div>`;
}

function tileHtml(tile: Tile, width: number, height: number, whole: number): Html {
  const place = [
    `left:${percent(tile.x, width)}`,
    `top:${percent(tile.y, height)}`,
    `width:${percent(tile.width, width)}`,
    `height:${percent(tile.height, height)}`,
  ].join(';');
  const size = formatBytes(tile.size);
  const classes = ['tile', tile.kind, tile.group && 'group', !tile.group && tile.depth > 2 && 'deep'];
  return html`<div
    class="${classes.filter(Boolean).join(' ')}"
    style="${place}"
    title="${tile.path}: ${size}, ${formatPercent(tile.size / Math.max(whole, 1))}"
  >
    ${labels(tile, size).map((text) => html`<span>${text}</span>`)}
  </div> `;
}

/** The lines that have room in a tile; a label that would be cut down to nothing is left to the title. */
function labels({ label, width, height, group }: Tile, size: string): string[] {
  const letters = Math.floor((width - BESIDE) / LETTER);
  if (letters < Math.min(label.length, FEWEST_LETTERS) || height < ONE_LINE) return [];
  if (group) {
    const both = `${label} · ${size}`;
    return [letters >= both.length ? both : label];
  }
  return height >= TWO_LINES && letters >= size.length ? [label, size] : [label];
}

/** What the colours stand for. */
export function treemapKey(root: Folder): Html {
  const kinds = [...new Set(root.children.map(({ kind }) => kind))];
  return html`<ul class="key">
    ${kinds.map((kind) => html`<li><i class="${kind}"></i>${KIND_LABELS[kind]}</li> `)}
  </ul>`;
}

/** The same as a list that opens and closes, for the keyboard and for those who do not see the tiles. */
export function folderList(items: readonly Folder[], depth = 0): Html {
  return html`<ul>
    ${items.map(({ label, size, children }) => {
      const line = html`<span class="path">${label}</span><span class="num">${formatBytes(size)}</span>`;
      return children.length === 0
        ? html`<li><div>${line}</div></li> `
        : html`<li>
            <details${depth === 0 && html` open`}><summary>${line}</summary>${folderList(children, depth + 1)}</details>
          </li> `;
    })}
  </ul>`;
}
