import { BEFORE_TEXTS, breakdownRows, savedText } from '../app/measurements/comparison.ts';
import { formatBytes, formatSeconds } from '../app/measurements/format-values.ts';
import { IMAGE_NAMES, type ImageMeasurements, type Measurements } from '../app/measurements/measurements.ts';
import { barTable, percent, type Bar } from './charts.ts';
import { html, type Content, type Html } from './html.ts';
import { ruleName, savingSteps } from './savings.ts';
import type { Suggestion } from './suggestions.ts';
import { folderList, treemapHtml, treemapKey } from './treemap-html.ts';
import { folders } from './treemap.ts';

/** One part of the page. */
export interface Section {
  id: string;
  title: string;
  intro: Content;
  body: Content;
}

/** The parts of the page for which something was measured, in their order. */
export function pageSections(
  measurements: Measurements,
  production: ImageMeasurements,
  found: readonly Suggestion[],
): Section[] {
  return [
    sizeSection(measurements),
    breakdownSection(measurements),
    savingsSection(measurements),
    contentsSection(production),
    layersSection(production),
    timeSection(measurements),
    suggestionSection(found),
  ].filter((section) => section !== null);
}

const IMAGE_LABELS = {
  before: 'before',
  builder: 'builder',
  development: 'development',
  production: 'production',
} as const;

function sizeSection({ images, context, codeChangePush }: Measurements): Section {
  const bars = (
    of: (image: ImageMeasurements) => number | null,
    names: readonly (typeof IMAGE_NAMES)[number][],
  ): Bar[] =>
    names.flatMap((name) => {
      const image = images[name];
      const value = image === null ? null : of(image);
      return value === null ? [] : [{ label: IMAGE_LABELS[name], value, tone: toneOf(name) }];
    });
  const both = ['before', 'production'] as const;
  const onDisk = barTable(
    'Size on disk',
    bars(({ size }) => size, IMAGE_NAMES),
    formatBytes,
  );
  const download = bars(({ compressed }) => compressed, both);
  const rest = [
    barTable('Download (compressed)', download, formatBytes),
    barTable('Build context', pairOfBars(context), formatBytes),
    barTable('To push after a code change', pairOfBars(codeChangePush), formatBytes),
  ].filter((table) => table !== null);
  return {
    id: 'size',
    title: 'Before and after',
    intro:
      'Builder and development are not deployed: the first one compiles, the second one has the tools of development.',
    body: html`<div class="columns">
      <div class="card">${onDisk}</div>
      ${rest.length > 0 && html`<div class="card stack">${rest}</div>`}
    </div>`,
  };
}

/** The two images that are compared in most charts. */
function pairOfBars(values: Record<'before' | 'production', number | null>): Bar[] {
  return (['before', 'production'] as const).flatMap((name) => {
    const value = values[name];
    return value === null ? [] : [{ label: IMAGE_LABELS[name], value, tone: toneOf(name) }];
  });
}

const toneOf = (name: string): Bar['tone'] => (name === 'production' ? 'after' : 'before');

function breakdownSection(measurements: Measurements): Section | null {
  const rows = breakdownRows(measurements);
  if (rows.length === 0) return null;
  const { before, production } = measurements.images;
  const compares = before?.breakdown != null;
  const largest = Math.max(...rows.map(({ before: was, after }) => Math.max(was ?? 0, after)));
  const cell = (value: number | null): Html =>
    html`<td class="num">${value === null ? '' : formatBytes(value)}</td>`;
  const saved = (value: number | null): Html =>
    html`<td class="num strong">${value === null ? '' : savedText(value)}</td>`;
  return {
    id: 'breakdown',
    title: 'Where the size goes',
    intro: 'Every file of the images, counted once by what it is for.',
    body: html`<div class="card">
      <table class="breakdown">
        <thead>
          <tr>
            <th scope="col">Component</th>
            <td class="wide-only"></td>
            ${compares && html`<th scope="col" class="num">Before</th>`}
            <th scope="col" class="num">After</th>
            ${compares && html`<th scope="col" class="num">Saved</th>`}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) =>
              html`<tr>
                <th scope="row">${row.name}</th>
                <td class="plot wide-only" aria-hidden="true">
                  ${
                    row.before !== null &&
                    html`<span class="track thin"
                      ><i class="before" style="width:${percent(row.before, largest)}"></i
                    ></span>`
                  }<span class="track thin"><i style="width:${percent(row.after, largest)}"></i></span>
                </td>
                ${compares && cell(row.before)}${cell(row.after)}${compares && saved(row.saved)}
              </tr> `,
          )}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">Total</th>
            <td class="wide-only"></td>
            ${compares && cell(before.size)}${cell(production?.size ?? null)}${compares && saved(before.size - (production?.size ?? 0))}
          </tr>
        </tfoot>
      </table>
      ${
        compares &&
        html`<ul class="key wide-only">
          <li><i class="before"></i>before</li>
          <li><i></i>production</li>
        </ul>`
      }
    </div>`,
  };
}

/** A whole image among the steps. */
function wholeRow(name: string, what: string, size: number, whole: number, tone: string): Html {
  return html`<tr>
    <th scope="row"><span class="strong">${name}</span><br /><span class="muted small">${what}</span></th>
    <td class="plot" aria-hidden="true">
      <span class="track"><i class="${tone}" style="width:${percent(size, whole)}"></i></span>
    </td>
    <td class="num strong">${formatBytes(size)}</td>
  </tr> `;
}

function savingsSection(measurements: Measurements): Section | null {
  const steps = savingSteps(measurements);
  const trimmed = measurements.trimmed.toSorted((left, right) => right.bytes - left.bytes);
  const after = measurements.images.production?.size ?? 0;
  const whole = measurements.images.before?.size ?? 0;
  const largest = Math.max(...trimmed.map(({ bytes }) => bytes), 1);
  const total = trimmed.reduce((sum, { bytes }) => sum + bytes, 0);
  if (steps.length === 0 && trimmed.length === 0) return null;
  return {
    id: 'savings',
    title: 'What each optimization saved',
    intro: steps.length > 0 ? 'The way from the image before to production, step by step.' : null,
    body: [
      steps.length > 0 &&
        html`<div class="card">
          <table class="steps">
            <thead>
              <tr>
                <th scope="col">Step</th>
                <td></td>
                <th scope="col" class="num">Size or saving</th>
              </tr>
            </thead>
            <tbody>
              ${wholeRow('Before', BEFORE_TEXTS[measurements.beforeKind], whole, whole, 'before')}
              ${steps.map(({ name, reason, saved, from, to }) => {
                const left = Math.min(from, to);
                return html`<tr>
                  <th scope="row">
                    <span class="strong">${name}</span><br /><span class="muted small">${reason}</span>
                  </th>
                  <td class="plot" aria-hidden="true">
                    <span class="track"
                      ><i
                        class="${saved < 0 ? 'cost' : 'step'}"
                        style="left:${percent(left, whole)};width:${percent(Math.abs(saved), whole)}"
                      ></i
                    ></span>
                  </td>
                  <td class="num">${saved > 0 ? `−${formatBytes(saved)}` : `+${formatBytes(-saved)}`}</td>
                </tr> `;
              })}
              ${wholeRow('Production', 'what is deployed', after, whole, 'after')}
            </tbody>
          </table>
        </div>`,
      trimmed.length > 0 &&
        html`<div class="card">
          <table class="trims">
            <caption>
              Trimmed from the packages: ${formatBytes(total)}
            </caption>
            <thead>
              <tr>
                <th scope="col">Rule</th>
                <td class="wide-only"></td>
                <th scope="col" class="num wide-only">Files</th>
                <th scope="col" class="num">Removed</th>
              </tr>
            </thead>
            <tbody>
              ${trimmed.map(
                ({ rule, files, bytes, packages }) =>
                  html`<tr>
                    <th scope="row">
                      ${ruleName(rule)}${
                        packages.length > 0 &&
                        html`<br /><span class="muted small"
                            >${packages.slice(0, 4).map(({ name, bytes: size }, index) => [index > 0 && ', ', name, html` <span class="together">${formatBytes(size)}</span>`])}${packages.length > 4 && ', …'}</span
                          >`
                      }
                    </th>
                    <td class="plot wide-only" aria-hidden="true">
                      <span class="track"><i style="width:${percent(bytes, largest)}"></i></span>
                    </td>
                    <td class="num wide-only">${files.toLocaleString('en')}</td>
                    <td class="num strong">${formatBytes(bytes)}</td>
                  </tr> `,
              )}
            </tbody>
          </table>
        </div>`,
    ],
  };
}

function contentsSection({ tree, packages, size }: ImageMeasurements): Section | null {
  if (tree === null) return null;
  const root = folders(tree);
  const largest = packages[0]?.size ?? 1;
  return {
    id: 'contents',
    title: 'What is inside',
    intro:
      'The production image by folder and package: the larger the area, the larger the folder. The list has the same in words.',
    body: html`<div class="card">
        <div class="inside">
          <div>${treemapHtml(root, 'wide', size)} ${treemapHtml(root, 'tall', size)} ${treemapKey(root)}</div>
          <div class="tree" role="region" aria-label="Folders and their sizes" tabindex="0">
            ${folderList(root.children)}
          </div>
        </div>
      </div>
      ${
        packages.length > 0 &&
        html`<div class="card">
          <table class="bars packages">
            <caption>
              The largest packages
            </caption>
            <thead class="hidden">
              <tr>
                <th scope="col">Package</th>
                <td></td>
                <th scope="col">Size</th>
              </tr>
            </thead>
            <tbody>
              ${packages.slice(0, 15).map(
                (item) =>
                  html`<tr>
                    <th scope="row">${item.name}</th>
                    <td aria-hidden="true">
                      <span class="track"><i style="width:${percent(item.size, largest)}"></i></span>
                    </td>
                    <td class="num">${formatBytes(item.size)}</td>
                  </tr> `,
              )}
            </tbody>
          </table>
        </div>`
      }`,
  };
}

/** Below it, a layer holds a few names. */
const SMALLEST_LAYER = 10_000;

/** Of an instruction, enough to know it by. */
const LONGEST_COMMAND = 260;

function layersSection({ layers, waste, wasteAsDive, breakdown }: ImageMeasurements): Section | null {
  const shown = layers.filter(({ size }) => size >= SMALLEST_LAYER);
  if (shown.length === 0) return null;
  const largest = Math.max(...shown.map(({ size }) => size));
  const rest = layers.length - shown.length;
  const wasted = wasteAsDive ?? breakdown?.waste ?? 0;
  return {
    id: 'layers',
    title: 'Layers',
    intro: [
      'In the order in which they lie on each other.',
      rest > 0 && ` ${rest} more ${rest === 1 ? 'holds' : 'hold'} next to nothing.`,
    ],
    body: [
      html`<div class="card">
        <table class="layers">
          <thead>
            <tr>
              <th scope="col" class="num">Size</th>
              <td class="plot"></td>
              <th scope="col">Instruction</th>
            </tr>
          </thead>
          <tbody>
            ${shown.map(
              ({ command, size }) =>
                html`<tr>
                  <td class="num strong">${formatBytes(size)}</td>
                  <td class="plot" aria-hidden="true">
                    <span class="track"><i style="width:${percent(size, largest)}"></i></span>
                  </td>
                  <td class="command"><code>${command === '' ? 'base image' : shortened(command)}</code></td>
                </tr> `,
            )}
          </tbody>
        </table>
      </div>`,
      wasted > 0 &&
        html`<div class="card">
          <table>
            <caption>
              Waste: ${formatBytes(wasted)} that several layers hold, or that a later one deletes
            </caption>
            <thead class="hidden">
              <tr>
                <th scope="col">Path</th>
                <th scope="col">Size</th>
              </tr>
            </thead>
            <tbody>
              ${waste.slice(0, 8).map(
                ({ path, size }) =>
                  html`<tr>
                    <th scope="row" class="command"><code>${path}</code></th>
                    <td class="num">${formatBytes(size)}</td>
                  </tr> `,
              )}
            </tbody>
          </table>
        </div>`,
    ],
  };
}

function shortened(command: string): string {
  return command.length <= LONGEST_COMMAND
    ? command
    : `${command.slice(0, LONGEST_COMMAND).toWellFormed().trimEnd()} …`;
}

function timeSection({ times }: Measurements): Section | null {
  const chart = (
    title: string,
    key: keyof Measurements['times']['before'],
    format: (value: number) => string,
  ): Html | null =>
    barTable(title, pairOfBars({ before: times.before[key], production: times.production[key] }), format);
  const charts = [
    chart('Build with nothing cached', 'cold', formatSeconds),
    chart('Build after a code change', 'codeChange', formatSeconds),
    chart('Build after a new requirement', 'dependencyChange', formatSeconds),
    chart('Container start to first response', 'firstResponse', formatSeconds),
    chart('Memory of the container', 'memory', formatBytes),
  ].filter((item) => item !== null);
  if (charts.length === 0) return null;
  return {
    id: 'time',
    title: 'Time and memory',
    intro: 'Measured in one run on one machine: the ratios tell more than the seconds.',
    body: html`<div class="card charts">${charts}</div>`,
  };
}

/** A command that is not broken within the dashes of an option. */
function wordsOf(command: string): Content {
  return command
    .split(' ')
    .map((word) => [word.startsWith('--') ? html`<span class="together">${word}</span>` : word, ' ']);
}

function suggestionSection(found: readonly Suggestion[]): Section | null {
  if (found.length === 0) return null;
  return {
    id: 'suggestions',
    title: 'What could be smaller still',
    intro: 'Found in the image and in the project’s code. Each is yours to decide.',
    body: html`<ul class="suggestions">
      ${found.map(
        ({ title, text, command }) =>
          html`<li>
            <h3>${title}</h3>
            <p>${text}</p>
            ${command !== null && html`<code>${wordsOf(command)}</code>`}
          </li> `,
      )}
    </ul>`,
  };
}
