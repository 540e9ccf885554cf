import { join } from 'node:path';
import { expect, it } from 'vitest';
import { evaluate, renderScript, temporaryFolder } from './rendered-script.ts';

async function call(expression: string): Promise<unknown> {
  const folder = temporaryFolder({ 'compare_images.py': renderScript('compare_images.py') });
  return evaluate(join(folder, 'compare_images.py'), expression);
}

it.each([
  ['600MB', 600_000_000],
  ['1.5 gb', 1_500_000_000],
  ['1MiB', 1_048_576],
  ['750k', 750_000],
  ['1234', 1234],
])('reads the size %s', async (text, bytes) => {
  expect(await call(`script.parse_size(${JSON.stringify(text)})`)).toBe(bytes);
});

it.each(['', 'MB', '-1MB', '1TB', '1.MB'])('refuses the size "%s"', async (text) => {
  await expect(call(`script.parse_size(${JSON.stringify(text)})`)).rejects.toThrow('is no size');
});

it.each([
  { sizes: [1000, 400], limits: '1000, 0.5', missed: [] },
  { sizes: [1000, 400], limits: 'None, None', missed: [] },
  { sizes: [1000, 400], limits: 'None, 0.4', missed: [] },
  { sizes: [1e9, 4e8], limits: '3e8, None', missed: ['production has 400.0 MB, the budget is 300.0 MB'] },
  {
    sizes: [1000, 612],
    limits: 'None, 0.6',
    missed: ['production is 61.2% of the image before, not 60.0% or less'],
  },
  { sizes: ['None', 400], limits: 'None, 0.6', missed: ['the ratio is unknown: an image is missing'] },
  { sizes: [1000, 'None'], limits: '1e6, None', missed: ['production has no image, the budget is 1.0 MB'] },
])('judges $sizes by $limits', async ({ sizes: [before, production], limits, missed }) => {
  const sizes = `{"before": ${before}, "production": ${production}}`;
  expect(await call(`script.missed_limits(${sizes}, ${limits})`)).toEqual(missed);
});

it('measures the whole repository against the same base', async () => {
  expect(await call('script.NAIVE_DOCKERFILE')).toBe(
    [
      'FROM python:3.12-slim-trixie',
      'RUN apt-get update && apt-get install -y build-essential git wget',
      'WORKDIR /app',
      'COPY . .',
      'RUN pip install -r requirements.txt',
      '',
    ].join('\n'),
  );
});
