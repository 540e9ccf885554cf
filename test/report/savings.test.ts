import { expect, it } from 'vitest';
import { breakdownRows } from '../../generators/app/measurements/comparison.ts';
import { COMPONENTS } from '../../generators/app/measurements/measurements.ts';
import { ruleName, savingSteps } from '../../generators/report/savings.ts';
import { example, imageOf } from './example.ts';

it('the steps lead from the size before to that of production', () => {
  const measurements = example();
  const steps = savingSteps(measurements);
  expect(steps[0]).toMatchObject({
    name: 'Build tools',
    saved: 383e6,
    from: measurements.images.before?.size,
  });
  expect(steps.at(-1)?.to).toBeCloseTo(measurements.images.production?.size ?? 0, -6);
  for (const [index, step] of steps.slice(1).entries()) expect(step.from).toBe(steps[index]?.to);
});

it('what costs something comes last, and says why', () => {
  const measurements = example((data) => {
    Object.assign(imageOf(data, 'before')['breakdown'] as object, { byteCode: 0 });
  });
  expect(savingSteps(measurements).at(-1)).toMatchObject({
    name: 'Byte-code',
    saved: -49e6,
    reason: 'compiled ahead, so that the first response comes sooner',
  });
});

it('there is none without an image before', () => {
  const measurements = example((data) => {
    (data['images'] as Record<string, unknown>)['before'] = null;
  });
  expect(savingSteps(measurements)).toEqual([]);
  expect(breakdownRows(measurements).every(({ before, saved }) => before === null && saved === null)).toBe(
    true,
  );
});

it('rows that are empty on both sides are left out', () => {
  const rows = breakdownRows(example());
  expect(rows.map(({ component }) => component)).toEqual([...COMPONENTS]);
  const without = breakdownRows(
    example((data) => {
      Object.assign(imageOf(data, 'before')['breakdown'] as object, { tests: 0 });
    }),
  );
  expect(without.map(({ component }) => component)).not.toContain('tests');
});

it('rules of a newer script are shown by their own name', () => {
  expect(ruleName('tests')).toBe('Test folders of packages');
  expect(ruleName('constructor')).toBe('constructor');
});
