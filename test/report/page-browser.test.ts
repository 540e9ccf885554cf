import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { beforeAfterPicture } from '../../generators/report/picture.ts';
import { reportPage } from '../../generators/report/page.ts';
import { suggestions } from '../../generators/report/suggestions.ts';
import { findBrowser } from './browser.ts';
import { example, imageOf } from './example.ts';

const executablePath = findBrowser();

/** A name without a place to break. */
const LONG = `${'averyveryverylongname'.repeat(12)}.cpython-312-x86_64-linux-gnu.so`;

const measurements = example((data) => {
  const tree = imageOf(data, 'production')['tree'] as { size: number; children: object[] };
  tree.size += 60e6;
  tree.children.push({ name: LONG, size: 60e6 });
  const packages = imageOf(data, 'production')['packages'] as object[];
  packages.unshift({ name: LONG, size: 200e6 });
  const waste = imageOf(data, 'production')['waste'] as object[];
  waste.push({ path: `/${LONG}`, size: 1e6 });
  const layers = imageOf(data, 'production')['layers'] as object[];
  layers.push({ command: `RUN ${LONG}`, size: 1e6 });
});
const found = suggestions(measurements, {
  facts: null,
  settingsText: '',
  answers: { base: 'slim', optimize: 'balanced' },
});

describe.skipIf(executablePath === null)('the page in a real browser (Chromium)', () => {
  let folder: string;
  let address: string;
  let browser: Browser;
  let page: Page | undefined;
  let problems: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'backendai-report-page-'));
    address = pathToFileURL(join(folder, 'page.html')).href;
    writeFileSync(join(folder, 'page.html'), reportPage(measurements, found));
    writeFileSync(join(folder, 'picture.svg'), beforeAfterPicture(measurements, 'auto') ?? '');
    // The tests may run as root, where the sandbox of Chromium does not start.
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox'] });
  }, 60_000);
  afterEach(() => page?.close());
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  async function open(width: number, scheme: 'light' | 'dark' = 'light', file = address): Promise<Page> {
    problems = [];
    page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => {
      if (request.url() !== file) problems.push(`asked for ${request.url()}`);
    });
    await page.goto(file);
    return page;
  }

  /** What lies outside of the window, or of the tile that it belongs to. */
  const outside = (shown: Page): Promise<string[]> =>
    shown.evaluate(`
      const told = [];
      if (document.documentElement.scrollWidth > innerWidth) told.push('the page scrolls sideways');
      for (const element of document.querySelectorAll('main *, header *')) {
        if (!element.checkVisibility({ visibilityProperty: true }) || element.closest('.hidden')) continue;
        const box = element.getBoundingClientRect();
        if (box.width > 0 && (box.right > innerWidth + 0.5 || box.left < -0.5)) told.push(element.outerHTML.slice(0, 200));
        // A table that is wider than its card.
        if (element.matches('.card') && element.scrollWidth > element.clientWidth + 1) told.push('card: ' + element.textContent.trim().slice(0, 60));
        if (!element.matches('.tile span')) continue;
        const tile = element.parentElement.getBoundingClientRect();
        if (box.right > tile.right + 0.5 || box.bottom > tile.bottom + 0.5 || box.top < tile.top - 0.5)
          told.push('label: ' + element.textContent);
      }
      told;
    `);

  describe.each([
    [1280, 'light'],
    [1280, 'dark'],
    [820, 'light'],
    [360, 'light'],
    [320, 'dark'],
  ] as const)('%d pixels wide, %s', (width, scheme) => {
    it('asks for nothing, reports nothing, and has everything in its place', async () => {
      const shown = await open(width, scheme);
      expect(await outside(shown)).toEqual([]);
      expect(problems).toEqual([]);
    });

    it('has one treemap with labels that tell something', async () => {
      const shown = await open(width, scheme);
      const maps = shown.locator('.treemap:visible');
      expect(await maps.count()).toBe(1);
      const labels = await maps.locator('.tile > span:first-child').allInnerTexts();
      expect(labels.length).toBeGreaterThan(12);
      expect(labels.join('\n')).toContain('scipy');
      const titles = await maps
        .locator('.tile')
        .evaluateAll((tiles) => tiles.map((tile) => tile.getAttribute('title')));
      expect(titles.every((title) => /^\/.+: [\d,.]+ (?:MB|kB|B), [\d.]+%$/.test(title ?? ''))).toBe(true);
    });
  });

  const ground = (shown: Page): Promise<string> =>
    shown.evaluate('getComputedStyle(document.body).backgroundColor');

  it('takes its colours from the system, until somebody chooses', async () => {
    const shown = await open(1280, 'dark');
    const dark = await ground(shown);
    await shown.getByRole('radio', { name: 'Light' }).check();
    const light = await ground(shown);
    expect(light).not.toBe(dark);
    await shown.getByRole('radio', { name: 'System' }).check();
    expect(await ground(shown)).toBe(dark);
    await shown.emulateMedia({ colorScheme: 'light' });
    expect(await ground(shown)).toBe(light);
    await shown.getByRole('radio', { name: 'Dark' }).check();
    expect(await ground(shown)).toBe(dark);
    expect(problems).toEqual([]);
  });

  it('can be used by the keyboard: colours, links, the list of folders', async () => {
    const shown = await open(1280);
    const light = await ground(shown);
    await shown.keyboard.press('Tab');
    await shown.keyboard.press('ArrowRight');
    await shown.keyboard.press('ArrowRight');
    expect(await ground(shown)).not.toBe(light);
    const summary = shown.locator('.tree details:not([open]) > summary').first();
    const closed = shown.locator('.tree details:not([open])');
    const before = await closed.count();
    await summary.focus();
    await shown.keyboard.press('Enter');
    expect(await closed.count()).toBe(before - 1);
  });

  it('has headings in order, names of rows and columns, and a title', async () => {
    const shown = await open(1280);
    expect(await shown.title()).toBe('backendai: image report');
    expect(await shown.locator('h1').count()).toBe(1);
    const levels = await shown
      .locator('h1,h2,h3')
      .evaluateAll((headings) => headings.map(({ tagName }) => Number(tagName[1])));
    expect(levels.every((level, index) => index === 0 || level <= (levels[index - 1] ?? 0) + 1)).toBe(true);
    const bare = await shown
      .locator('table')
      .evaluateAll((tables) => tables.filter((table) => !table.querySelector('th[scope=col]')).length);
    expect(bare).toBe(0);
    for (const link of await shown.locator('.jump a').all())
      expect(await shown.locator((await link.getAttribute('href')) ?? '').count()).toBe(1);
  });

  it('is printed in light colours, without the switch, and not cut off at the side', async () => {
    const shown = await open(1280, 'dark');
    await shown.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await shown.setViewportSize({ width: 718, height: 1000 });
    expect(await ground(shown)).toBe('rgb(255, 255, 255)');
    expect(await shown.locator('.theme:visible, .jump:visible').count()).toBe(0);
    expect(await outside(shown)).toEqual([]);
    const pdf = await shown.pdf({ format: 'A4' });
    const pages = pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length ?? 0;
    expect(pages).toBeGreaterThanOrEqual(3);
    expect(pages).toBeLessThanOrEqual(9);
  });

  it('moves nothing where motion is not wanted', async () => {
    const shown = await open(1280);
    await shown.emulateMedia({ reducedMotion: 'reduce' });
    const { behaviour, animations }: { behaviour: string; animations: number } = await shown.evaluate(
      '({ behaviour: getComputedStyle(document.documentElement).scrollBehavior, animations: document.getAnimations().length })',
    );
    expect([behaviour, animations]).toEqual(['auto', 0]);
  });

  it('the picture has its texts beside each other, in light and dark', async () => {
    const file = pathToFileURL(join(folder, 'picture.svg')).href;
    const shown = await open(900, 'dark', file);
    const boxes = (await shown.evaluate(
      `[...document.querySelectorAll('text')].map((text) => { const { x, y, width, height } = text.getBBox(); return { x, y, width, height, text: text.textContent.trim() } })`,
    )) as { x: number; y: number; width: number; height: number; text: string }[];
    expect(boxes.filter(({ x, width }) => x < 0 || x + width > 880)).toEqual([]);
    const overlapping = boxes.filter((one, index) =>
      boxes
        .slice(index + 1)
        .some(
          (other) =>
            one.x < other.x + other.width &&
            other.x < one.x + one.width &&
            one.y + 2 < other.y + other.height &&
            other.y + 2 < one.y + one.height,
        ),
    );
    expect(overlapping.map(({ text }) => text)).toEqual([]);
    const fill: string = await shown.evaluate("getComputedStyle(document.querySelector('.ground')).fill");
    expect(fill).toBe('rgb(22, 26, 29)');
    expect(problems).toEqual([]);
  });
});
