import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readKnowledge } from '../../generators/app/planning/knowledge.ts';
import { sharedLibraries } from '../../generators/app/planning/shared-libraries.ts';

type Names = Record<'bookworm' | 'trixie', string[]>;
interface Row {
  pypi?: string;
  feature?: string;
  runtime: Names;
  build: Names;
}

const folder = join(tmpdir(), 'generator-backendai-docker-debian');
const oneWeek = 7 * 24 * 3600 * 1000;

/** The Debian mirror that this machine's apt is configured with. */
function mirror(): string | null {
  try {
    const targets = execFileSync(
      'apt-get',
      ['indextargets', '--format', '$(CREATED_BY) $(ORIGIN) $(SITE) $(URI)'],
      { encoding: 'utf8' },
    );
    const main = targets
      .split('\n')
      .find((line) => line.startsWith('Packages Debian ') && !line.includes('security'));
    const uri = (main ?? '').split(' ').at(-1) ?? '';
    return /^(https?:\/\/.+)\/dists\//.exec(uri)?.[1] ?? mirrorOfSources();
  } catch {
    return null;
  }
}

/** Before the first `apt-get update` nothing tells the origin. */
function mirrorOfSources(): string | null {
  const uris = execFileSync('apt-get', ['indextargets', '--format', '$(URI)'], { encoding: 'utf8' }).split(
    '\n',
  );
  const main = uris.find((uri) => /\/debian\/dists\/[a-z]+\/main\/binary-[a-z0-9]+\/Packages$/.test(uri));
  return /^(https?:\/\/.+)\/dists\//.exec(main ?? '')?.[1] ?? null;
}

/** Names of packages and of what they provide; null when the list cannot be reached. */
async function packageNames(address: string, release: keyof Names): Promise<Set<string> | null> {
  const file = join(folder, `${release}-main-amd64.xz`);
  if (!existsSync(file) || Date.now() - statSync(file).mtimeMs > oneWeek) {
    try {
      const response = await fetch(`${address}/dists/${release}/main/binary-amd64/Packages.xz`, {
        signal: AbortSignal.timeout(90_000),
      });
      if (!response.ok) return null;
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${file}.part`, Buffer.from(await response.arrayBuffer()));
      renameSync(`${file}.part`, file);
    } catch {
      return null;
    }
  }
  const text = execFileSync('xz', ['--decompress', '--stdout'], {
    input: readFileSync(file),
    encoding: 'utf8',
    maxBuffer: 512 * 1024 * 1024,
  });
  const names = new Set<string>();
  for (const line of text.split('\n')) {
    if (line.startsWith('Package: ')) names.add(line.slice(9).trim());
    else if (line.startsWith('Provides: ')) {
      for (const name of line.slice(10).split(',')) names.add(name.replace(/\(.*\)/, '').trim());
    }
  }
  return names;
}

function hasXz(): boolean {
  try {
    execFileSync('xz', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('system-libraries.json and shared-libraries.json against the package lists of Debian', () => {
  const { packages, features } = readKnowledge<{ packages: Row[]; features: Row[] }>('system-libraries');

  it.for(['bookworm', 'trixie'] as const)(
    'every package exists in %s (skipped without apt, xz or its mirror)',
    { timeout: 180_000 },
    async (release, context) => {
      const address = mirror();
      if (address === null || !hasXz()) {
        context.skip('no apt with a Debian mirror, or no xz, on this machine');
        return;
      }
      const names = await packageNames(address, release);
      if (names === null) {
        context.skip(`the package list of ${release} cannot be reached`);
        return;
      }
      expect(names.size).toBeGreaterThan(10_000);
      const missing = [...packages, ...features].flatMap((row) =>
        [...row.runtime[release], ...row.build[release]]
          .filter((name) => !names.has(name))
          .map((name) => `${row.pypi ?? row.feature}: ${name}`),
      );
      expect(missing).toEqual([]);
      expect(Object.keys(sharedLibraries(release)).filter((name) => !names.has(name))).toEqual([]);
    },
  );
});
