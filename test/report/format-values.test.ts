import { expect, it } from 'vitest';
import {
  formatBytes,
  formatChange,
  formatDay,
  formatPercent,
  formatRatio,
  formatSeconds,
  ratio,
} from '../../generators/app/measurements/format-values.ts';

it.each([
  [0, '0 MB'],
  [36, '36 B'],
  [4300, '4 kB'],
  [994_000, '994 kB'],
  [995_000, '1.0 MB'],
  [9_949_000, '9.9 MB'],
  [9_950_000, '10 MB'],
  [1_590_400_000, '1,590 MB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it.each([
  [0.004, '0.00 s'],
  [0.2, '0.20 s'],
  [3.14, '3.1 s'],
  [80.2, '80 s'],
  [119.4, '119 s'],
  [120, '2 min'],
  [312.4, '5 min 12 s'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

it.each([
  [38, 100, '62% smaller'],
  [103, 100, '3.0% larger'],
  [100, 100, 'the same'],
  [100.01, 100, 'the same'],
  [0, 0, 'the same'],
  [5, 0, 'larger'],
])('%d beside %d is %s', (value, before, text) => {
  expect(formatChange(value, before)).toBe(text);
});

it('tells ratios, parts and days', () => {
  expect([ratio(38, 100), ratio(1, 0), ratio(null, 1)]).toEqual([0.38, null, null]);
  expect([formatRatio(0.384), formatRatio(12.34), formatPercent(0.042), formatPercent(0)]).toEqual([
    '0.38',
    '12.3',
    '4.2%',
    '0%',
  ]);
  expect(formatDay('2026-11-25T23:59:00Z')).toBe('25 November 2026');
});
