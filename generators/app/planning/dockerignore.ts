import dockerignore from '@balena/dockerignore';
import type { ProjectFacts } from '../detection/facts.ts';
import { matchesPattern } from '../glob.ts';
import { MEASUREMENTS_FILE, REPORT_FOLDER } from '../measurements/measurements.ts';
import { dockerignorePattern } from './quoting.ts';

/** Files of development tools that the tests of a project read: they stay in the context, for the development stage. */
const KEPT_FOR_DEVELOPMENT =
  /^(tests?|spec|conftest\.py|pytest\.ini|tox\.ini|setup\.cfg|pyproject\.toml)\/?$/;

/** Names that Python environments are given, in the root; a leading dot is covered already. */
const ENVIRONMENTS = ['venv*', 'env', 'env[0-9]*', 'virtualenv*', '.virtualenv*'];

/**
 * The blocks of `.dockerignore`. Production copies only chosen folders; this keeps secrets, history and bulk out of
 * the build context, and so out of the development image too.
 * @param facts what detection found
 * @param copied paths that the Dockerfile copies or mounts, relative to the root; none of them is excluded
 */
export function dockerignoreSections(
  facts: ProjectFacts,
  copied: readonly string[],
): { title: string; patterns: string[] }[] {
  const isCopied = (path: string): boolean =>
    copied.some((item) => item === path || item.startsWith(`${path}/`) || path.startsWith(`${item}/`));
  const isFolderOfCode = (pattern: string): boolean =>
    facts.application.some(
      ({ path, kind }) => kind !== 'data' && matchesPattern(path.split('/')[0] ?? path, pattern),
    );

  const leftOut = facts.application
    .filter((item) => !item.needed && !isCopied(item.path))
    .filter((item) => !KEPT_FOR_DEVELOPMENT.test(item.path.split('/').at(-1) ?? ''))
    .map((item) => item.path);
  const media = facts.staticFiles.mediaRoot;
  const staticRoot = facts.staticFiles.root;
  const produced = [media, staticRoot].filter(
    (path): path is string => path !== null && path !== '' && !path.startsWith('/') && !isCopied(path),
  );
  const docker = [
    'Dockerfile*',
    '.dockerignore',
    'compose*.y*ml',
    'docker-compose*.y*ml',
    'docker-bake.hcl',
    'DOCKER.md',
    '*.old',
    'SUPABASE_SETUP.md',
  ];

  const sections = [
    {
      title: 'Version control and CI',
      patterns: ['**/.git', '.gitignore', '.gitattributes', '.github', '.gitlab*'],
    },
    {
      title: 'Secrets, dumps and local databases',
      patterns: [
        '**/.env',
        '**/.env.*',
        '**/*.env',
        '!.env.example',
        '**/*.sqlite3',
        '**/*.sqlite3-*',
        '**/*.key',
        '**/id_rsa*',
        '**/id_ed25519*',
        '**/.netrc',
        '**/.pypirc',
        '**/service-account*.json',
        '**/*.dump',
      ],
    },
    {
      title: 'Made by tools',
      patterns: [
        '**/__pycache__',
        '**/*.py[cod]',
        '**/.venv',
        // Whether one is there is a matter of the machine.
        ...ENVIRONMENTS.filter((pattern) => !isFolderOfCode(pattern)),
        '**/node_modules',
        '**/.mypy_cache',
        '**/.pytest_cache',
        '**/.ruff_cache',
        '**/.tox',
        '**/.nox',
        '**/.coverage*',
        '**/htmlcov',
        '**/*.log',
        '**/*.egg-info',
        ...produced.map(dockerignorePattern),
      ],
    },
    { title: 'Editors and systems', patterns: ['**/.idea', '**/.vscode', '**/.DS_Store', '**/*.swp'] },
    { title: 'Docker', patterns: docker },
    { title: 'Documentation', patterns: ['*.md'] },
    { title: 'Folders that the application does not import', patterns: leftOut.map(dockerignorePattern) },
  ]
    .map((section) => ({
      ...section,
      patterns: [...new Set(section.patterns)].filter((pattern) => !isCopied(pattern.replace(/^\*\*\//, ''))),
    }))
    // The other files of the folder are mounted; a new report is no reason to build anything again.
    .map((section) =>
      section.title === 'Docker'
        ? { ...section, patterns: [...section.patterns, MEASUREMENTS_FILE, REPORT_FOLDER] }
        : section,
    )
    .filter((section) => section.patterns.length > 0);
  // Inside a folder that is copied, too: what is kept there for Git would make the volume root's.
  const filled = facts.writtenPaths
    .filter(({ kind, path }) => kind === 'folder' && !path.startsWith('/'))
    .map(({ path }) => path)
    .filter((path) => !copied.some((item) => item === path || item.startsWith(`${path}/`)));
  if (filled.length > 0)
    sections.push({ title: 'Filled by the application', patterns: filled.map(dockerignorePattern) });
  // Checked the other way round: what the Dockerfile copies must survive every pattern.
  const patterns = sections.flatMap((section) => section.patterns);
  const caught = copied.filter((path) => patterns.some((pattern) => matchesPattern(path, pattern)));
  const exceptions = caught.map((path) => `!${dockerignorePattern(path)}`);
  return caught.length === 0
    ? sections
    : [...sections, { title: 'Copied all the same', patterns: exceptions }];
}

/** A path that the Dockerfile copies and a .dockerignore keeps out of the build context. */
export interface LostPath {
  path: string;
  pattern: string;
  /** Of the pattern; counts from 1. */
  line: number;
}

/**
 * What the user's edits of `.dockerignore` take from the Dockerfile: the build would not find it.
 * @param text the file as it will be
 * @param copied paths that the Dockerfile copies or mounts, relative to the root
 */
export function lostToDockerignore(text: string, copied: readonly string[]): LostPath[] {
  const lines = text.split(/\r?\n/);
  const createMatcher = dockerignore as unknown as typeof dockerignore.default;
  const isLost = (path: string, until: number): boolean =>
    createMatcher().add(lines.slice(0, until)).ignores(path);
  return copied
    .filter((path) => isLost(path, lines.length))
    .map((path) => {
      // The last pattern that matches decides.
      let line = lines.length;
      while (line > 1 && isLost(path, line - 1)) line -= 1;
      return { path, pattern: (lines[line - 1] ?? '').trim(), line };
    });
}

/** One sentence for each path that a .dockerignore keeps from the Dockerfile. */
export function dockerignoreNotes(text: string, copied: readonly string[]): string[] {
  return lostToDockerignore(text, copied).map(
    ({ path, pattern, line }) =>
      `.dockerignore:${line} keeps ${path} out of the build (${pattern}), and the Dockerfile copies it: take the line out, or add !${path} after it.`,
  );
}
