import { formatChange, formatRatio, ratio } from '../app/measurements/format-values.ts';
import { html, type Html } from './html.ts';

/** One bar of a chart. */
export interface Bar {
  label: string;
  value: number;
  tone: 'before' | 'after';
}

/** A length of the whole as CSS takes it. */
export function percent(value: number, whole: number): string {
  const share = whole > 0 ? Math.min(Math.max(value / whole, 0), 1) : 0;
  return `${Number((share * 100).toFixed(3))}%`;
}

/**
 * Bars as a table, so that they can be read without seeing them. Where there is a bar before, each other one is
 * compared with it.
 * @returns null where there is nothing to show
 */
export function barTable(
  title: string,
  bars: readonly Bar[],
  format: (value: number) => string,
): Html | null {
  if (bars.length === 0) return null;
  const largest = Math.max(...bars.map(({ value }) => value));
  const before = bars.find(({ label }) => label === 'before')?.value ?? null;
  return html`<table class="bars">
    <caption>
      ${title}
    </caption>
    <thead class="hidden">
      <tr>
        <th scope="col">Image</th>
        <td></td>
        <th scope="col">Value</th>
        <th scope="col">Of before</th>
      </tr>
    </thead>
    <tbody>
      ${bars.map(({ label, value, tone }) => {
        const share = label === 'before' ? null : ratio(value, before);
        return html`<tr>
          <th scope="row">${label}</th>
          <td aria-hidden="true">
            <span class="track"><i class="${tone}" style="width:${percent(value, largest)}"></i></span>
          </td>
          <td class="num${tone === 'after' && ' strong'}">${format(value)}</td>
          <td class="num share">${share === null ? '' : `×${formatRatio(share)}`}</td>
        </tr> `;
      })}
    </tbody>
  </table>`;
}

/**
 * One number in large type with what it was before.
 * @param words what less and more of it are called
 */
export function figure(
  title: string,
  value: number | null,
  before: number | null,
  format: (value: number) => string,
  words: readonly [string, string],
): Html | null {
  if (value === null) return null;
  const was =
    before === null
      ? null
      : html`<dd class="was">
          <b class="${value > before * 1.0005 ? 'more' : 'less'}">${formatChange(value, before, words)}</b>
          <span>was ${format(before)}</span>
        </dd>`;
  return html`<div>
    <dt>${title}</dt>
    <dd class="value">${format(value)}</dd>
    ${was}
  </div> `;
}
