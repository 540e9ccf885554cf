import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import { formatBytes, formatChange, formatDay, formatSeconds } from '../app/measurements/format-values.ts';
import type { Measurements } from '../app/measurements/measurements.ts';
import { packageRoot } from '../app/planning/knowledge.ts';
import { html, type Html } from './html.ts';
import { DARK, LIGHT } from './page-style.ts';

/** By which the pictures are known to be ours. */
export const PICTURE_MARK = 'generator-backendai-docker report';

interface Row {
  label: string;
  before: number;
  after: number;
  format: (value: number) => string;
}

const WIDTH = 880;
const MARGIN = 36;
/** Where the bars begin, and the longest of them. */
const BARS = 212;
const LONGEST = 500;
const HEAD = 122;
const ROW = 66;
const FOOT = 48;

/** What is compared, as far as it was measured on both sides. */
function rows({ images, context, times }: Measurements): Row[] {
  const { before, production } = images;
  const all: [string, number | null | undefined, number | null | undefined, Row['format']][] = [
    ['Image', before?.size, production?.size, formatBytes],
    ['Download', before?.compressed, production?.compressed, formatBytes],
    ['Build context', context.before, context.production, formatBytes],
    ['Cold build', times.before.cold, times.production.cold, formatSeconds],
    ['After a code change', times.before.codeChange, times.production.codeChange, formatSeconds],
    ['First response', times.before.firstResponse, times.production.firstResponse, formatSeconds],
  ];
  return all.flatMap(([label, was, now, format]) =>
    was === null || was === undefined || now === null || now === undefined
      ? []
      : [{ label, before: was, after: now, format }],
  );
}

const colours = (set: Readonly<Record<keyof typeof LIGHT, string>>): string =>
  [
    `.ground{fill:${set.surface};stroke:${set.line}}`,
    `.text{fill:${set.text}}`,
    `.muted{fill:${set.muted}}`,
    `.accent{fill:${set.accent}}`,
    `.before{fill:${set.before}}`,
  ].join('');

/**
 * Before and after as a picture for a README: it loads nothing, and has a ground of its own, so that it can be read on
 * any page.
 * @param measurements what was measured; null is returned where there is nothing to compare
 * @param scheme `auto` is light or dark as the reader's system is
 */
export function beforeAfterPicture(measurements: Measurements, scheme: 'auto' | 'light'): string | null {
  const shown = rows(measurements);
  const { before, production } = measurements.images;
  if (before === null || production === null) return null;
  const height = HEAD + shown.length * ROW + FOOT;
  const change = formatChange(production.size, before.size);
  const style = `text{font-family:Inter,system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
.strong{font-weight:600}${colours(LIGHT)}${scheme === 'auto' ? `@media(prefers-color-scheme:dark){${colours(DARK)}}` : ''}`;
  const title = `${measurements.project}: the container image, before and after`;
  const description = shown
    .map((row) => `${row.label}: ${row.format(row.before)} before, ${row.format(row.after)} after.`)
    .join(' ');
  return html`<svg
    xmlns="http://www.w3.org/2000/svg"
    width="${WIDTH}"
    height="${height}"
    viewBox="0 0 ${WIDTH} ${height}"
    role="img"
    aria-labelledby="title description"
  >
    <title id="title">${title}</title>
    <desc id="description">${description}</desc>
    <metadata>${PICTURE_MARK}</metadata>
    <style>
      ${style}
    </style>
    <rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="14" />
    <text class="text strong" x="${MARGIN}" y="56" font-size="26">
      ${shortened(measurements.project, 26)}
    </text>
    <text class="muted" x="${MARGIN}" y="82" font-size="15">container image, before and after</text>
    <text class="accent strong" x="${WIDTH - MARGIN}" y="62" font-size="30" text-anchor="end">${change}</text>
    ${shown.map((row, index) => rowPicture(row, HEAD + index * ROW))}
    <text class="muted" x="${MARGIN}" y="${height - 24}" font-size="12">${measuredWhere(measurements)}</text>
  </svg>`.text
    .replaceAll(/\n\s*/g, '\n')
    .concat('\n');
}

function rowPicture({ label, before, after, format }: Row, top: number): Html {
  const largest = Math.max(before, after);
  const length = (value: number): number =>
    largest === 0 ? 2 : Math.max(2, Math.round((value / largest) * LONGEST * 10) / 10);
  return html`<text class="text" x="${MARGIN}" y="${top + 26}" font-size="15">${label}</text>
    <rect class="before" x="${BARS}" y="${top}" width="${length(before)}" height="18" rx="3" />
    <text class="muted" x="${BARS + length(before) + 10}" y="${top + 14}" font-size="14"
      >${format(before)}</text
    >
    <rect class="accent" x="${BARS}" y="${top + 22}" width="${length(after)}" height="18" rx="3" />
    <text class="text strong" x="${BARS + length(after) + 10}" y="${top + 36}" font-size="14"
      >${format(after)}</text
    >`;
}

function shortened(text: string, letters: number): string {
  return text.length <= letters ? text : `${text.slice(0, letters - 1).toWellFormed()}…`;
}

function measuredWhere({ measuredAt, machine }: Measurements): string {
  return [
    measuredAt === null ? null : `Measured on ${formatDay(measuredAt)}`,
    machine.engine === null ? null : `Docker ${machine.engine}`,
    machine.platform,
  ]
    .filter((part) => part !== null)
    .join(' · ');
}

const PNG_SCALE = 2;

/** The wasm module is one for the whole process. */
let initialized: Promise<void> | undefined;

/**
 * Draws a picture as PNG, with a font of ours: no browser, no font and no program of the machine's is needed.
 * @param svg a picture without conditions
 */
export async function pngOf(svg: string): Promise<Buffer> {
  const wasm = createRequire(import.meta.url).resolve('@resvg/resvg-wasm/index_bg.wasm');
  initialized ??= initWasm(readFileSync(wasm));
  await initialized;
  const fonts = ['Inter-Regular.otf', 'Inter-SemiBold.otf'].map((name) =>
    readFileSync(join(packageRoot(), 'knowledge/fonts', name)),
  );
  const picture = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: PNG_SCALE },
    font: { fontBuffers: fonts, defaultFontFamily: 'Inter', sansSerifFamily: 'Inter' },
  });
  try {
    return withText(Buffer.from(picture.render().asPng()), 'Software', PICTURE_MARK);
  } finally {
    picture.free();
  }
}

/** Length of a PNG's signature and of its first chunk, IHDR. */
const PNG_HEAD = 8 + 25;

/** Adds a text to a PNG (https://www.w3.org/TR/png-3/#11tEXt). */
function withText(png: Buffer, keyword: string, text: string): Buffer {
  const body = Buffer.from(`tEXt${keyword}\0${text}`, 'latin1');
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(body.length - 4, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return Buffer.concat([png.subarray(0, PNG_HEAD), chunk, png.subarray(PNG_HEAD)]);
}
