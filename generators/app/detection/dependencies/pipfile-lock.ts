import type { Requirement } from '../facts.ts';
import { folderOf, joinRelative } from '../paths.ts';
import type { ProjectFiles } from '../project-files.ts';
import { markerMayApply } from './markers.ts';
import { indexNotes, privateIndex } from './package-indexes.ts';
import { normalizeName } from './pep508.ts';
import { poetryUrl } from './pyproject.ts';
import type { DependencyReading } from './reading.ts';
import { dependencyFacts, without } from './reading.ts';
import {
  asList,
  asTable,
  asText,
  asTexts,
  lineMatching,
  literally,
  readJson,
  readToml,
} from './structured-data.ts';
import type { Table } from './structured-data.ts';

/** Reads Pipfile.lock, with Pipfile beside it for what the project states itself. */
export function readPipfileLock(files: ProjectFiles, path: string): DependencyReading {
  const text = files.read(path) ?? '';
  const data = asTable(readJson(path, text, 'Write it anew with: pipenv lock'));
  const folder = folderOf(path);
  const pipfilePath = joinRelative(folder, 'Pipfile');
  const pipfile = readPipfile(files, pipfilePath);
  const production = section(data['default'], pipfile && asTable(pipfile['packages']), path, text);
  const development = section(data['develop'], pipfile && asTable(pipfile['dev-packages']), path, text);
  const privateIndexes = asList(asTable(data['_meta'])['sources']).flatMap((source) => {
    const address = asText(asTable(source)['url']) ?? '';
    const line = lineMatching(text, new RegExp(literally(address)));
    return privateIndex(address, { file: path, line }) ?? [];
  });
  return {
    facts: dependencyFacts('pipenv', folder, path, {
      productionFiles: [pipfilePath, path].filter((file) => files.exists(file)).toSorted(),
      production,
      development: without(development, production),
      hashed: true,
      privateIndexes,
    }),
    notes: indexNotes(privateIndexes),
    artefacts: new Map(),
  };
}

/** Pipfile as a table; null when there is none. */
export function readPipfile(files: ProjectFiles, path: string): Table | null {
  const text = files.read(path);
  return text === undefined ? null : readToml(path, text, 'Repair it, then run again.');
}

/** Pipenv copies each package's own range of Python there, which is no condition: the lock is for one Python. */
function conditionIn(marker: string): string {
  const variables = marker.replace(/'[^']*'|"[^"]*"/g, '').match(/[a-z_]+\.?[a-z_]*/g) ?? [];
  const conditions = variables.filter(
    (word) => !/^(and|or|not|in|python_version|python_full_version)$/.test(word),
  );
  return conditions.length === 0 ? '' : marker;
}

function section(value: unknown, stated: Table | null, path: string, text: string): Requirement[] {
  const names = stated && new Set(Object.keys(stated).map(normalizeName));
  return Object.entries(asTable(value)).flatMap(([key, entry]) => {
    const details = asTable(entry);
    const name = normalizeName(key);
    const marker = conditionIn(asText(details['markers']) ?? '');
    if (!markerMayApply(marker)) return [];
    return [
      {
        name,
        extras: asTexts(details['extras']).map(normalizeName),
        specifier: (asText(details['version']) ?? '').replace(/^\*$/, ''),
        marker,
        url: poetryUrl(details),
        direct: names === null || names.has(name),
        evidence: { file: path, line: lineMatching(text, new RegExp(`^\\s*"${literally(key)}"\\s*:`)) },
      },
    ];
  });
}
