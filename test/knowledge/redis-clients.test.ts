import { describe, expect, it } from 'vitest';
import { normalizeName, parseRequirement } from '../../generators/app/detection/dependencies/pep508.ts';
import { readKnowledge } from '../../generators/app/planning/knowledge.ts';

const { packages } = readKnowledge<{ packages: string[] }>('redis-clients');
const CLIENTS = new Set(['redis', 'valkey']);

/** `requires_dist` of the newest release on PyPI, or why it is not known. */
async function requirementsOf(name: string): Promise<string[] | string> {
  const response = await fetch(`https://pypi.org/pypi/${name}/json`, {
    signal: AbortSignal.timeout(30_000),
  }).catch(() => null);
  if (response === null) return 'PyPI cannot be reached';
  const { info } = (await response.json()) as { info: { requires_dist: string[] | null } };
  return info.requires_dist ?? [];
}

/** Whether one of the requirements is a client, or a package of the table that always brings one. */
function hasClient(lines: readonly string[], extra: string | undefined): boolean {
  return lines.some((line) => {
    const requirement = parseRequirement(line);
    if (requirement === null || requirement === undefined) return false;
    const ofExtra = /extra\s*==\s*["']([^"']+)["']/.exec(requirement.marker)?.[1];
    if (ofExtra !== undefined && normalizeName(ofExtra) !== extra) return false;
    const names = [requirement.name, ...requirement.extras.map((own) => `${requirement.name}[${own}]`)];
    return names.some((name) => CLIENTS.has(name) || packages.includes(name));
  });
}

describe('redis-clients.json', () => {
  it('has names as they are compared, in order', () => {
    expect(packages).toEqual([...new Set(packages)].toSorted());
    for (const row of packages) {
      const parsed = parseRequirement(row);
      expect(parsed?.name, row).toBe(row.replace(/\[.*/, ''));
    }
  });

  it.for(packages.filter((row) => !CLIENTS.has(row)))(
    '%s brings a client (skipped where PyPI cannot be reached)',
    { timeout: 60_000 },
    async (row, context) => {
      const [, name = '', extra] = /^([^[]+)(?:\[(.+)\])?$/.exec(row) ?? [];
      const lines = await requirementsOf(name);
      if (typeof lines === 'string') {
        context.skip(lines);
        return;
      }
      // aioredis speaks to Redis itself.
      expect(name === 'aioredis' || hasClient(lines, extra), lines.join('\n')).toBe(true);
    },
  );
});
