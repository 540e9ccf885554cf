import { BEFORE_TEXTS } from '../app/measurements/comparison.ts';
import { formatBytes, formatChange, formatDay, formatSeconds } from '../app/measurements/format-values.ts';
import type { Measurements } from '../app/measurements/measurements.ts';
import { figure } from './charts.ts';
import { Html, html, type Content } from './html.ts';
import { pageSections } from './page-sections.ts';
import { PAGE_STYLE } from './page-style.ts';
import type { Suggestion } from './suggestions.ts';

/** By which a file is known to be ours. */
export const PAGE_MARK = '<meta name="generator" content="generator-backendai-docker report">';

/**
 * The report as one HTML page that loads nothing and runs nothing.
 * @param measurements what was measured; production is there
 * @param found what could be smaller still
 */
export function reportPage(measurements: Measurements, found: readonly Suggestion[]): string {
  const { production } = measurements.images;
  if (production === null) throw new Error('a page without a production image');
  const sections = pageSections(measurements, production, found);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
        />
        ${new Html(PAGE_MARK)}
        <title>${measurements.project}: image report</title>
        ${new Html(`<style>${PAGE_STYLE}</style>`)}
      </head>
      <body>
        <header>
          <div class="bar-line">
            <p class="name">${measurements.project} <span>image report</span></p>
            ${themeSwitch()}
          </div>
          <h1>${headline(measurements)}</h1>
          <p class="lead">${lead(measurements)}</p>
          ${
            measurements.missedLimits.length > 0 &&
            html`<div class="missed" role="status">
              ${measurements.missedLimits.map((text) => html`<p>${text}</p>`)}
            </div>`
          }
          ${figures(measurements)}
          <nav aria-label="Sections">
            <ul class="jump">
              ${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}
            </ul>
          </nav>
        </header>
        <main>
          ${sections.map(
            ({ id, title, intro, body }) =>
              html`<section id="${id}" aria-labelledby="${id}-title">
                <h2 id="${id}-title">${title}</h2>
                ${intro !== null && html`<p class="intro">${intro}</p>`} ${body}
              </section> `,
          )}
        </main>
        <footer><p>${howMeasured(measurements)}</p></footer>
      </body>
    </html> `;
  return page.text.replaceAll(/\n\s+/g, '\n').trimEnd().concat('\n');
}

function themeSwitch(): Html {
  const choice = (id: string, name: string, checked: boolean): Html =>
    html`<label
      ><input type="radio" name="theme" id="theme-${id}" ${checked && html` checked`} /><span
        >${name}</span
      ></label
    >`;
  return html`<fieldset class="theme">
    <legend class="hidden">Colours</legend>
    ${[choice('system', 'System', true), choice('light', 'Light', false), choice('dark', 'Dark', false)]}
  </fieldset>`;
}

/** The one sentence that a person takes away. */
export function headline({ images }: Measurements): string {
  const { before, production } = images;
  if (production === null) return '';
  if (before === null) return `The production image has ${formatBytes(production.size)}`;
  const change = formatChange(production.size, before.size);
  return change === 'the same'
    ? 'The production image is as large as the one before'
    : `The production image is ${change}`;
}

function lead({ images, beforeKind }: Measurements): Content {
  const { before, production } = images;
  if (production === null) return null;
  if (before === null) return 'There is no image before to compare it with.';
  return html`<strong>${formatBytes(production.size)}</strong> instead of
    <strong>${formatBytes(before.size)}</strong>. Before is ${BEFORE_TEXTS[beforeKind]}.`;
}

function figures({ images, context, times }: Measurements): Content {
  const { before, production } = images;
  const sizes = ['smaller', 'larger'] as const;
  const speed = ['less', 'more'] as const;
  const shown = [
    figure('Image', production?.size ?? null, before?.size ?? null, formatBytes, sizes),
    figure('Download', production?.compressed ?? null, before?.compressed ?? null, formatBytes, sizes),
    figure('Build context', context.production, context.before, formatBytes, sizes),
    figure('Cold build', times.production.cold, times.before.cold, formatSeconds, speed),
    figure('After a code change', times.production.codeChange, times.before.codeChange, formatSeconds, speed),
    figure(
      'First response',
      times.production.firstResponse,
      times.before.firstResponse,
      formatSeconds,
      speed,
    ),
  ].filter((item) => item !== null);
  return html`<dl class="figures">${shown}</dl>`;
}

function howMeasured({ measuredAt, machine, beforeKind, notes }: Measurements): Content {
  const { engine, platform, cpus } = machine;
  const where = [
    engine !== null && `Docker ${engine}`,
    platform,
    cpus !== null && `${cpus} ${cpus === 1 ? 'processor' : 'processors'}`,
  ].filter((item) => item !== null && item !== false);
  return [
    `Measured by docker/compare_images.py${measuredAt === null ? '' : ` on ${formatDay(measuredAt)}`}${where.length === 0 ? '' : ` (${where.join(', ')})`}. `,
    `Before: ${BEFORE_TEXTS[beforeKind]}. Sizes in decimal units, as Docker counts. `,
    notes.map((note) => `${note.replace(/\.?$/, '.')} `),
    html`Again: <code>npx generator-backendai-docker report</code>.`,
  ];
}
