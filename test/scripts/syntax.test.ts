import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { OVERLAY_ITEMS } from '../../generators/app/planning/settings-overlay.ts';
import {
  type Constants,
  OVERLAYS,
  renderEntry,
  renderOverlay,
  renderScript,
  SCRIPTS,
  temporaryFolder,
} from './rendered-script.ts';

const VARIANTS: Record<string, Constants> = {
  'PostgreSQL behind gunicorn': {},
  'Supabase behind an ASGI server, with nothing optional': {
    buildVariables: {},
    database: 'supabase',
    entryPoint: 'asgi',
    forbiddenPaths: [],
    requirements: [],
    sampleStaticFile: null,
    server: 'gunicorn',
    staticUrl: null,
    supabaseConnection: 'session',
    usesVector: true,
  },
  'Supabase with a worker': {
    database: 'supabase',
    migrateCommands: [['migrate', '--noinput'], ['createcachetable']],
    reservedConnections: 6,
    supabaseConnection: 'session',
  },
  'values that need quoting': {
    buildVariables: { QUOTE: `"'\\ \n{}` },
    healthPath: '/"quoted"/{braces}',
    installCommand: 'pip install "a[b]" && echo \'{}\'',
  },
};

const runs = (command: string): boolean => spawnSync(command, ['--version']).status === 0;

function writeScripts(constants: Constants): { folder: string; files: string[] } {
  const texts = SCRIPTS.map((script) => [script, renderScript(script, constants)] as const);
  const folder = temporaryFolder(Object.fromEntries(texts));
  return { folder, files: SCRIPTS.map((script) => join(folder, script)) };
}

/** Every settings overlay that there can be. */
function writeOverlays(): string[] {
  const texts = OVERLAYS.map(
    (items) => [`${items.join('_').replaceAll('-', '_')}.py`, renderOverlay(items)] as const,
  ).concat([['container_application.py', renderEntry()]]);
  const folder = temporaryFolder(Object.fromEntries(texts));
  return texts.map(([name]) => join(folder, name));
}

describe.each(Object.entries(VARIANTS))('%s', (_name, constants) => {
  it.for(['python3', 'python3.8', 'python3.13'])('compiles with %s', (python, { skip, expect: check }) => {
    if (!runs(python)) skip(`${python} is not on PATH`);
    const { files } = writeScripts(constants);
    const { status, stderr } = spawnSync(python, ['-W', 'error', '-m', 'py_compile', ...files], {
      encoding: 'utf8',
    });
    check(stderr).toBe('');
    check(status).toBe(0);
  });
});

it.for(['python3', 'python3.8', 'python3.13'])(
  'the settings overlay compiles with %s, whatever it says',
  (python, { skip, expect: check }) => {
    if (!runs(python)) skip(`${python} is not on PATH`);
    const files = writeOverlays();
    // And the module that starts the application with it.
    check(files).toHaveLength(2 ** OVERLAY_ITEMS.length);
    const { status, stderr } = spawnSync(python, ['-W', 'error', '-m', 'py_compile', ...files], {
      encoding: 'utf8',
    });
    check(stderr).toBe('');
    check(status).toBe(0);
  },
);

const RULES = ['--isolated', '--target-version', 'py38', '--line-length', '100'];

it.for([
  { name: 'lint', args: ['check', '--select', 'E,F,W,I,B,UP,SIM'] },
  { name: 'format', args: ['format', '--diff'] },
])('passes ruff: $name', ({ args }, { skip, expect: check }) => {
  if (!runs('ruff')) skip('ruff is not on PATH');
  const variants = Object.values(VARIANTS)
    .slice(0, 3)
    .map((constants) => writeScripts(constants).files);
  for (const files of [...variants, writeOverlays()]) {
    const { status, stdout } = spawnSync('ruff', [...args, ...RULES, ...files], { encoding: 'utf8' });
    check(status, stdout).toBe(0);
  }
});
