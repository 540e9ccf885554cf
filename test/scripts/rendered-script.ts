import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ejs from 'ejs';
import { onTestFinished } from 'vitest';
import { OVERLAY_ITEMS, type OverlayItem } from '../../generators/app/planning/settings-overlay.ts';
import { FOREIGN_PARAMETERS } from '../../generators/app/planning/supabase.ts';
import { pythonLiteral } from '../../generators/app/planning/quoting.ts';
import { sitePackagesTrims } from '../../generators/app/planning/site-packages-trims.ts';
import { optionalLibraryRows, sharedLibraryLines } from '../../generators/app/planning/shared-libraries.ts';

export const SCRIPTS = [
  'assemble_root.py',
  'compare_images.py',
  'compile_bytecode.py',
  'database_checks.py',
  'export_requirements.py',
  'find_missing_libraries.py',
  'gunicorn.conf.py',
  'healthcheck.py',
  'image_contents.py',
  'image_measurements.py',
  'image_report.py',
  'migrate_database.py',
  'trim_environment.py',
  'verify_database.py',
  'verify_image.py',
] as const;

export type Script = (typeof SCRIPTS)[number];

const CONSTANTS = {
  allowedHost: 'localhost',
  application: 'backendAI.wsgi:application',
  baseImage: 'python:3.12-slim-trixie',
  naiveBase: 'python:3.12-slim-trixie',
  buildVariables: { SECRET_KEY: 'build' } as Record<string, string>,
  composeProject: 'backend',
  database: 'postgres',
  debianLibraries: sharedLibraryLines('trixie', 92),
  debianRelease: 'trixie',
  dependencyChange: { file: 'requirements.txt', kind: 'requirement' } as Record<string, string> | null,
  entryPoint: 'wsgi',
  forbiddenPaths: ['.git', '.env', 'docs'],
  buildCommands: {} as Record<string, string>,
  volumePaths: [],
  healthPath: '/',
  imageName: 'backend',
  requirements: ['django'],
  installCommand: 'pip install -r requirements.txt',
  optionalLibraries: optionalLibraryRows(84),
  port: 8000,
  runtimeLibraries: ['libgomp1'],
  ...sitePackagesTrims(),
  sampleStaticFile: 'admin/css/base.css' as string | null,
  server: 'gunicorn',
  settingsModule: 'backendAI.settings',
  staticUrl: '/static/' as string | null,
  migrateCommands: [['migrate', '--noinput']],
  usesVector: false,
  reservedConnections: null as number | null,
  supabaseConnection: null as string | null,
};

export type Constants = Partial<typeof CONSTANTS>;

/** The text of one script as a project gets it. */
export function renderScript(script: Script, changed: Constants = {}): string {
  const constants = { ...CONSTANTS, ...changed };
  const python = Object.fromEntries(
    Object.entries(constants).map(([name, value]) => [name, pythonLiteral(value)]),
  );
  const template = join(import.meta.dirname, '../../templates/docker', `${script}.ejs`);
  return ejs.render(
    readFileSync(template, 'utf8'),
    {
      python,
      plan: { reservedConnections: constants.reservedConnections, application: constants.application },
      foreignParameters: FOREIGN_PARAMETERS,
      entryPoint: constants.entryPoint,
      server: constants.server,
    },
    { localsName: 'it', strict: true, escape: String },
  );
}

/** Every choice of items that an overlay can be made of. */
export const OVERLAYS: OverlayItem[][] = Array.from({ length: 2 ** OVERLAY_ITEMS.length - 1 }, (_, index) =>
  OVERLAY_ITEMS.filter((_item, bit) => ((index + 1) >> bit) % 2 === 1),
);

/** The settings overlay with these items, in front of `shop.settings`; with `connection` it is for Supabase. */
export function renderOverlay(items: readonly OverlayItem[], entryPoint: 'wsgi' | 'asgi' = 'wsgi'): string {
  const template = join(import.meta.dirname, '../../templates/docker/settings/container_settings.py.ejs');
  return ejs.render(
    readFileSync(template, 'utf8'),
    {
      plan: {
        overlay: { projectModule: 'shop.settings', items },
        supabase: items.includes('connection') ? {} : null,
      },
      entryPoint,
      python: {
        projectModule: pythonLiteral('shop.settings'),
        staticRoot: pythonLiteral('/app/staticfiles'),
      },
      foreignParameters: FOREIGN_PARAMETERS,
      overlayPlace: () => ' (shop/settings.py:12)',
    },
    { localsName: 'it', strict: true, escape: String },
  );
}

/** The module that loads the settings before `shop.wsgi` names its own. */
export function renderEntry(): string {
  const template = join(import.meta.dirname, '../../templates/docker/settings/container_application.py.ejs');
  return ejs.render(
    readFileSync(template, 'utf8'),
    {
      plan: { wrappedApplication: { module: 'shop.wsgi', name: 'application' } },
      python: { wrappedModule: pythonLiteral('shop.wsgi') },
    },
    { localsName: 'it', strict: true, escape: String },
  );
}

/** A folder that the end of the test removes, with these files. */
export function temporaryFolder(files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'backendai-docker-scripts-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

export interface Outcome {
  code: number | string | null;
  stdout: string;
  stderr: string;
}

/** Runs Python without blocking this process, which may serve what the script asks for. */
export async function runPython(
  args: string[],
  options: { env?: Record<string, string>; python?: string } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      options.python ?? 'python3',
      args,
      { env: { ...process.env, ...options.env }, encoding: 'utf8' },
      (error, stdout, stderr) => resolve({ code: error ? (error.code ?? null) : 0, stdout, stderr }),
    );
  });
}

/**
 * Loads a script as a module called `script` and evaluates a Python expression.
 * @returns its value, by way of JSON
 */
export async function evaluate(
  file: string,
  expression: string,
  env: Record<string, string> = {},
): Promise<unknown> {
  const code = [
    'import importlib.util, json, os, sys',
    'spec = importlib.util.spec_from_file_location("script", sys.argv[1])',
    'script = importlib.util.module_from_spec(spec)',
    'spec.loader.exec_module(script)',
    `print(json.dumps(${expression}))`,
  ].join('\n');
  const { code: exitCode, stdout, stderr } = await runPython(['-B', '-c', code, file], { env });
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
