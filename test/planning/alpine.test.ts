import { describe, expect, it } from 'vitest';
import { parseRequirement } from '../../generators/app/detection/dependencies/pep508.ts';
import type { Requirement } from '../../generators/app/detection/facts.ts';
import {
  alpineNotes,
  alpineTable,
  onAlpine,
  withoutMuslWheel,
} from '../../generators/app/planning/alpine.ts';
import { baseImage } from '../../generators/app/planning/base-image.ts';
import { hasLinuxWheel, systemLibraryRows } from '../../generators/app/planning/system-libraries.ts';
import { lacksMuslWheel } from '../../scripts/musl-wheels.ts';

const requirement = (name: string): Requirement => {
  const parsed = parseRequirement(name);
  if (!parsed) throw new Error(name);
  return { ...parsed, direct: true, evidence: { file: 'requirements.txt', line: 1 } };
};

describe('Alpine', () => {
  it('has packages by its own names, each once', () => {
    const packages = [
      { name: 'libpq5', reason: 'linked by psycopg2' },
      { name: 'libxmlsec1t64', reason: 'a' },
      { name: 'libxmlsec1t64-openssl', reason: 'b' },
      { name: 'bind-tools', reason: 'chosen' },
    ];
    expect(onAlpine({ packages }).packages).toEqual([
      { name: 'bind-tools', reason: 'chosen' },
      { name: 'libpq', reason: 'linked by psycopg2' },
      { name: 'xmlsec', reason: 'a, b' },
    ]);
  });

  it('is refused where a library has no counterpart', () => {
    const packages = [{ name: 'libsystemd0', reason: 'linked by systemd-python' }];
    expect(() => onAlpine({ packages })).toThrow(
      /--base alpine: no package of Alpine is known for Debian's libsystemd0 \(linked by systemd-python\)/,
    );
  });

  it('knows nearly every package of the table', () => {
    const { packages } = alpineTable();
    const names = systemLibraryRows().flatMap(({ runtime, build }) => [...runtime.trixie, ...build.trixie]);
    const unknown = [...new Set(names)].filter((name) => packages[name] === undefined);
    expect(unknown.toSorted()).toEqual(KNOWN_GAPS);
  });

  it('has its release in the tag', () => {
    expect(baseImage('3.13', 'alpine')).toBe(`python:3.13-alpine${alpineTable().release}`);
    expect(baseImage('3.13', 'distroless')).toBe('python:3.13-slim-trixie');
  });

  it('names what has wheels for glibc only', () => {
    expect(withoutMuslWheel([requirement('lightgbm'), requirement('django')])).toEqual(['lightgbm']);
    expect(alpineNotes([requirement('lightgbm')]).join('\n')).toMatch(/^lightgbm: no wheel for Alpine/m);
    expect(alpineNotes([requirement('django')])).toHaveLength(1);
    const glibc = 'x-1.0-cp312-cp312-manylinux_2_28_x86_64.whl';
    const musl = 'x-1.0-cp312-cp312-musllinux_1_2_x86_64.whl';
    expect(hasLinuxWheel([glibc], '3.12', 'x86_64', 'musllinux')).toBe(false);
    expect(hasLinuxWheel([musl], '3.12', 'x86_64', 'musllinux')).toBe(true);
    const release = (...names: string[]) =>
      names.map((filename) => ({
        filename,
        packagetype: 'bdist_wheel',
        requires_python: null,
        yanked: false,
      }));
    expect(
      lacksMuslWheel({ '1.0': release(glibc, musl), '2.0': release(glibc), '3.0a1': release(musl) }),
    ).toBe(true);
    expect(lacksMuslWheel({ '1.0': release(glibc), '10.0': release(glibc, musl) })).toBe(false);
    expect(lacksMuslWheel({ '1.0': release('x-1.0-py3-none-any.whl') })).toBe(false);
  });
});

/** No package of Alpine's is known for these; who needs one is told so. */
const KNOWN_GAPS = [
  'gir1.2-glib-2.0',
  'libdmtx0t64',
  'libgirepository-2.0-0',
  'libgirepository-2.0-dev',
  'libsystemd-dev',
  'libsystemd0',
  'libturbojpeg0',
  'unar',
  'unrtf',
];
