import { expect, test } from 'vitest';

import { readKnowledge } from '../../generators/app/planning/knowledge.ts';

interface Row {
  module: string;
  path: string;
  source: string;
  asksServices?: boolean;
}

test('health-endpoints.json: dotted modules, paths that can be joined, sources', () => {
  const { urlModules, middleware } = readKnowledge<{ urlModules: Row[]; middleware: Row[] }>(
    'health-endpoints',
  );
  for (const row of [...urlModules, ...middleware]) {
    expect(row.module).toMatch(/^[a-z_]+(?:\.\w+)+$/);
    expect(row.source).toMatch(/^https:\/\//);
  }
  for (const row of urlModules) {
    expect(row.path).toMatch(/^(?:[\w-]+\/)*$/);
    expect(row.asksServices).toBeTypeOf('boolean');
  }
  for (const row of middleware) expect(row.path).toMatch(/^\/[\w/-]+$/);
  const names = [...urlModules, ...middleware].map((row) => row.module);
  expect(new Set(names).size).toBe(names.length);
});
