import { describe, expect, it } from 'vitest';
import { escapeHtml, html } from '../../generators/report/html.ts';
import { headline, reportPage } from '../../generators/report/page.ts';
import { DARK, LIGHT } from '../../generators/report/page-style.ts';
import { example, imageOf } from './example.ts';

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&$&$STYLE`;

describe('html', () => {
  it('escapes every value but what is HTML already', () => {
    expect(html`<p title="${HOSTILE}">${['<', html`<b>${'&'}</b>`]}${null}${false}${0}</p>`.text).toBe(
      `<p title="${escapeHtml(HOSTILE)}">&lt;<b>&amp;</b>0</p>`,
    );
    expect(escapeHtml(HOSTILE)).not.toMatch(/[<>"']/);
  });
});

describe('the page', () => {
  it('tells the result first', () => {
    const page = reportPage(example(), []);
    expect(page).toContain('<h1>The production image is 55% smaller</h1>');
    expect(page).toMatch(/<strong>700 MB<\/strong> instead of\s+<strong>1,566 MB<\/strong>/);
  });

  it.each([
    ['larger', 2000e6, 'The production image is 28% larger'],
    ['equal', 1_566_499_999, 'The production image is as large as the one before'],
  ])('tells of an image that is %s', (_, size, text) => {
    const measurements = example((data) => {
      imageOf(data, 'production')['size'] = size;
    });
    expect(headline(measurements)).toBe(text);
  });

  it('has what was measured and nothing for the rest', () => {
    const measurements = example((data) => {
      const { production } = data['images'] as Record<string, object>;
      data['images'] = { production: { ...production, tree: null, breakdown: null, layers: [] } };
      data['times'] = data['trimmed'] = data['context'] = null;
    });
    const page = reportPage(measurements, []);
    expect(page).toContain('<h1>The production image has 700 MB</h1>');
    for (const id of ['breakdown', 'savings', 'contents', 'layers', 'time', 'suggestions'])
      expect(page).not.toContain(`id="${id}"`);
    expect(page).not.toMatch(/null|undefined|NaN|Infinity/);
  });

  it('escapes every name, be it of a package, a path, a command or a project', () => {
    const page = reportPage(
      example((data) => {
        data['project'] = HOSTILE;
        data['measuredAt'] = HOSTILE;
        data['machine'] = { engine: HOSTILE, platform: HOSTILE, cpus: 1 };
        data['notes'] = [HOSTILE];
        data['limits'] = { missed: [HOSTILE] };
        data['trimmed'] = [{ rule: HOSTILE, files: 1, bytes: 1e6, packages: { [HOSTILE]: 1e6 } }];
        Object.assign(imageOf(data, 'production'), {
          layers: [{ command: HOSTILE, size: 1e6 }],
          packages: [{ name: HOSTILE, size: 1e6 }],
          waste: [{ path: HOSTILE, size: 1e6 }],
          tree: { name: '/', size: 1e6, children: [{ name: HOSTILE, size: 1e6 }] },
        });
      }),
      [{ title: HOSTILE, text: HOSTILE, command: HOSTILE, bytes: 1 }],
    );
    expect(page.split(escapeHtml(HOSTILE)).length - 1).toBeGreaterThanOrEqual(14);
    expect(page).not.toContain('<script');
    expect(page).not.toContain('<img');
    expect(page.match(/<style>/g)).toHaveLength(1);
  });

  it('loads nothing and runs nothing', () => {
    const page = reportPage(example(), []);
    expect(page).toContain(
      `content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"`,
    );
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(|\ssrc=|\son[a-z]+=/);
    expect(page.match(/href="[^"]*"/g)?.filter((link) => !link.startsWith('href="#'))).toEqual([]);
  });

  it('shows missed limits at the top', () => {
    const page = reportPage(
      example((data) => {
        data['limits'] = { missed: ['production has 700 MB, the budget is 600 MB'] };
      }),
      [],
    );
    expect(page.indexOf('the budget is 600 MB')).toBeLessThan(page.indexOf('<main>'));
  });

  it('is the same for the same measurements', () => {
    expect(reportPage(example(), [])).toBe(reportPage(example(), []));
  });
});

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrast(one: string, other: string): number {
  const luminance = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5]
      .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
      .map((value) => (value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].toSorted((left, right) => right - left);
  return (light + 0.05) / (dark + 0.05);
}

describe.each([
  ['light', LIGHT],
  ['dark', DARK],
])('the %s colours', (_, set) => {
  it.each([
    ['text', 'page'],
    ['text', 'surface'],
    ['text', 'track'],
    ['muted', 'page'],
    ['muted', 'surface'],
    ['accent', 'page'],
    ['accent', 'surface'],
    ['cost', 'surface'],
    ['onPackages', 'packages'],
    ['onApplication', 'application'],
    ['onByteCode', 'byteCode'],
    ['onSystem', 'system'],
  ] as const)('%s can be read on %s', (ink, ground) => {
    expect(contrast(set[ink], set[ground])).toBeGreaterThanOrEqual(4.5);
  });

  it('bars can be seen', () => {
    expect(contrast(set.accent, set.track)).toBeGreaterThanOrEqual(3);
    expect(contrast(set.accent, set.before)).toBeGreaterThanOrEqual(2);
  });
});
