import { folderOf, joinRelative } from '../paths.ts';
import type { ProjectFiles } from '../project-files.ts';
import type { DependencyReading } from './reading.ts';
import { indexNotes } from './package-indexes.ts';
import { dependencyFacts, without } from './reading.ts';
import { complete, readRequirements } from './requirements-file.ts';
import type { RequirementsReading } from './requirements-file.ts';

const PRODUCTION = [
  'requirements/production.txt',
  'requirements/prod.txt',
  'requirements/deploy.txt',
  'requirements-prod.txt',
  'requirements-production.txt',
  'requirements_prod.txt',
  'requirements.prod.txt',
  'prod-requirements.txt',
  'production-requirements.txt',
];
const BASE = [
  'requirements/base.txt',
  'requirements/common.txt',
  'requirements/requirements.txt',
  'requirements/main.txt',
  'requirements/default.txt',
  'requirements-base.txt',
  'requirements.in',
  'requirements/production.in',
  'requirements/base.in',
];
const DEVELOPMENT = [
  'requirements-dev.txt',
  'requirements_dev.txt',
  'requirements.dev.txt',
  'requirements-development.txt',
  'dev-requirements.txt',
  'requirements/dev.txt',
  'requirements/development.txt',
  'requirements/local.txt',
  'requirements-local.txt',
  'requirements-test.txt',
  'test-requirements.txt',
  'requirements/test.txt',
  'requirements/testing.txt',
];
const DEVELOPMENT_NAME = /(^|[/_.-])(dev|development|local|tests?|testing|ci|lint|docs?)([_.-]|$)/i;

/** The requirements files of a folder that could be the production ones, the likeliest first. */
export function productionCandidates(files: ProjectFiles, folder: string): string[] {
  const existing = (names: readonly string[]): string[] =>
    names.map((name) => joinRelative(folder, name)).filter((path) => files.exists(path));
  const production = existing(PRODUCTION);
  const [plain] = existing(['requirements.txt']);
  if (plain === undefined) return [...production, ...existing(BASE)];
  const first = production[0];
  const includesPlain = first !== undefined && readRequirements(files, first).files.includes(plain);
  const reading = readRequirements(files, plain);
  const forDevelopment =
    reading.onlyIncludes &&
    reading.includes.every((path) => DEVELOPMENT_NAME.test(path.slice(folder.length)));
  return includesPlain || forDevelopment
    ? [...production, plain, ...existing(BASE)]
    : [plain, ...production, ...existing(BASE)];
}

/** The requirements of a production file, with the development file that lies beside it. */
export function readRequirementsProject(
  files: ProjectFiles,
  path: string,
  folder: string,
): DependencyReading & { python: RequirementsReading['python'] } {
  const production = complete(readRequirements(files, path));
  const developmentPath = [folder, folderOf(path)]
    .flatMap((base) =>
      [...DEVELOPMENT, 'dev.txt', 'development.txt', 'local.txt', 'test.txt']
        .slice(0, base === folder ? DEVELOPMENT.length : undefined)
        .map((name) => joinRelative(base, name)),
    )
    .find((candidate) => candidate !== path && files.exists(candidate));
  const development =
    developmentPath === undefined ? null : complete(readRequirements(files, developmentPath));
  const alreadyNoted = new Set(production.notes.map((note) => note.message));
  const privateIndexes = [...production.privateIndexes, ...(development?.privateIndexes ?? [])];
  return {
    facts: dependencyFacts('requirements', folder, path, {
      productionFiles: production.files,
      developmentFile: developmentPath ?? null,
      developmentFiles: development?.files.filter((file) => !production.files.includes(file)) ?? [],
      production: production.requirements,
      development: without(development?.requirements ?? [], production.requirements),
      hashed: production.hashed,
      withoutSetuptools: production.withoutSetuptools,
      publicIndexFiles: [
        ...new Set([...production.publicIndexFiles, ...(development?.publicIndexFiles ?? [])]),
      ].toSorted(),
      privateIndexes,
    }),
    notes: [
      ...production.notes,
      ...(development?.notes.filter((note) => !alreadyNoted.has(note.message)) ?? []),
      ...indexNotes(privateIndexes),
    ],
    artefacts: new Map(),
    python: production.python,
  };
}
