import type { ProjectResult, VariantResult } from './results.ts';

const WIDTH = 860;
const LEFT = 190;
const RIGHT = 150;
const BAR = 20;
const GAP = 7;
const SPACE = 44;

/** Text for XML. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const STYLE = `
    text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2328; }
    .title { font-size: 15px; font-weight: 600; }
    .quiet { fill: #59636e; }
    .before { fill: #b6bec8; }
    .seed { fill: #8c96a3; }
    .slim { fill: #2f74c0; }
    .distroless { fill: #1a7f5a; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .quiet { fill: #9198a1; }
      .before { fill: #4b535d; }
      .seed { fill: #6b747f; }
      .slim { fill: #4c94e8; }
      .distroless { fill: #3fb183; }
    }
  `;

const colourOf = ({ name }: VariantResult): string => {
  if (name === 'naive') return 'before';
  return name === 'seed' ? 'seed' : (name.split('-')[0] ?? '');
};

/**
 * A picture for a README: for each project a bar for each image, with its size and its part of the naive one. It is
 * readable on a light and on a dark page.
 */
export function picture(projects: readonly ProjectResult[]): string {
  const parts: string[] = [];
  let top = 8;
  for (const { title, variants } of projects) {
    const naive = variants.find(({ name }) => name === 'naive');
    const largest = Math.max(...variants.map(({ size }) => size));
    parts.push(`<text class="title" x="0" y="${top + 14}">${escaped(title)}</text>`);
    top += 26;
    for (const variant of variants) {
      const width = Math.max(2, ((WIDTH - LEFT - RIGHT) * variant.size) / largest);
      const middle = top + BAR / 2 + 5;
      const share =
        naive === undefined || variant === naive
          ? ''
          : ` <tspan class="quiet">${((variant.size / naive.size) * 100).toFixed(0)} %</tspan>`;
      parts.push(
        `<text x="${LEFT - 10}" y="${middle}" text-anchor="end">${escaped(variant.title)}</text>`,
        `<rect class="${escaped(colourOf(variant))}" x="${LEFT}" y="${top}" width="${width.toFixed(1)}" height="${BAR}" rx="3" />`,
        `<text x="${(LEFT + width + 8).toFixed(1)}" y="${middle}">${(variant.size / 1e6).toFixed(0)} MB${share}</text>`,
      );
      top += BAR + GAP;
    }
    top += SPACE - 26;
  }
  const height = Math.max(1, top - SPACE + 34);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Sizes of images">
  <style>${STYLE}</style>
  ${parts.join('\n  ')}
</svg>
`;
}
