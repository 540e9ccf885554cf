import { crc32, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PICTURE_MARK, beforeAfterPicture, pngOf } from '../../generators/report/picture.ts';
import { example } from './example.ts';

const picture = (scheme: 'auto' | 'light', measurements = example()): string =>
  beforeAfterPicture(measurements, scheme) ?? '';

/** The chunks of a PNG, their sums checked. */
function chunksOf(png: Buffer): { type: string; data: Buffer }[] {
  const chunks: { type: string; data: Buffer }[] = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + length);
    expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(body));
    chunks.push({ type: body.toString('latin1', 0, 4), data: body.subarray(4) });
    at += length + 12;
  }
  return chunks;
}

describe('the picture', () => {
  it('has each measured value and its description in words', () => {
    const svg = picture('auto');
    for (const text of ['1,566 MB', '700 MB', '55% smaller', 'backendai', 'After a code change', '3.4 s'])
      expect(svg).toContain(text);
    expect(svg).toContain('<desc id="description">Image: 1,566 MB before, 700 MB after.');
  });

  it('loads nothing, and follows the system’s colours only where it may', () => {
    expect(picture('auto')).not.toMatch(/href|url\(|@import|<script|<image/);
    expect(picture('auto')).toContain('prefers-color-scheme:dark');
    expect(picture('light')).not.toContain('@media');
  });

  it('grows with what was measured', () => {
    const sizesOnly = example((data) => {
      data['times'] = null;
    });
    const height = (svg: string): number => Number(/ height="(\d+)"/.exec(svg)?.[1]);
    expect(height(picture('auto')) - height(picture('auto', sizesOnly))).toBe(3 * 66);
  });

  it('is none without an image before', () => {
    const alone = example((data) => {
      (data['images'] as Record<string, unknown>)['before'] = null;
    });
    expect(beforeAfterPicture(alone, 'auto')).toBeNull();
  });

  it('escapes and shortens names', () => {
    const svg = picture(
      'light',
      example((data) => {
        data['project'] = '</text><script>alert(1)</script> of a project with a long name';
      }),
    );
    expect(svg).not.toContain('<script');
    expect(svg).toMatch(/&lt;\/text&gt;[^<]*…/);
  });
});

describe('the PNG', () => {
  it('is drawn with the font of this package, on a machine without any', async () => {
    const [withText, withoutText] = await Promise.all([
      pngOf(picture('light')),
      pngOf(picture('light').replaceAll(/<text[^>]*>[^<]*<\/text\s*>/g, '')),
    ]);
    const chunks = chunksOf(withText);
    expect(chunks[0]?.data.readUInt32BE(0)).toBe(1760);
    expect(chunks.find(({ type }) => type === 'tEXt')?.data.toString()).toBe(`Software\0${PICTURE_MARK}`);
    const pixels = (png: Buffer): Buffer =>
      inflateSync(Buffer.concat(chunksOf(png).flatMap(({ type, data }) => (type === 'IDAT' ? [data] : []))));
    const [drawn, empty] = [pixels(withText), pixels(withoutText)];
    expect(drawn.length).toBe(empty.length);
    expect(drawn.equals(empty)).toBe(false);
  });
});
