import type { Trim } from '../answers/answers.ts';
import { firstPlace } from '../detection/evidence.ts';
import type { ProjectFacts } from '../detection/facts.ts';
import { readKnowledge } from './knowledge.ts';

/** One trim on offer. `checked`: without being asked for. */
export interface OfferedTrim {
  value: Trim;
  label: string;
  reason: string;
  checked: boolean;
}

/** Safe by rule; what each takes is in `knowledge/site-packages-trims.json` and, of `tools`, `base-image-trims.json`. */
const SAFE: readonly [Trim, string][] = [
  ['tests', 'tests of packages that run without them'],
  ['translations', '.po files beside their compiled form'],
  ['sources', 'C sources and headers that nothing reads'],
  ['stubs', '.pyi files, which are for type checkers'],
  ['symbols', 'symbol tables of shared objects'],
  ['duplicates', 'files of the same content, stored once by hard links'],
  ['tools', 'pip, IDLE, Tk, headers and test modules of the Debian slim image'],
];

/** What is taken out unless the user decides otherwise. */
export const DEFAULT_TRIMS: readonly Trim[] = SAFE.map(([name]) => name);

const AWS_CLIENTS = ['boto3', 'botocore', 'aiobotocore'];

/**
 * The trims that have a meaning for a project, the safe ones first.
 * @param facts what detection found
 */
export function offeredTrims({ languages, dependencies }: ProjectFacts): OfferedTrim[] {
  const safe = SAFE.map(([value, reason]) => ({ value, label: value, reason, checked: true }));
  const offered: OfferedTrim[] = [...safe];
  if (languages !== null) {
    const place = firstPlace(languages.evidence);
    const reason = `keeps ${keptLanguages(languages.value).join(', ')}${place === '' ? '' : ` (${place})`}`;
    offered.push({ value: 'languages', label: 'languages', reason, checked: false });
  }
  if (dependencies.production.some(({ name }) => AWS_CLIENTS.includes(name))) {
    const reason = 'descriptions of Amazon’s services that are not used';
    offered.push({ value: 'botocore', label: 'botocore', reason, checked: false });
  }
  return offered;
}

/** English is what every text falls back to: https://docs.djangoproject.com/en/stable/ref/settings/#language-code */
export const keptLanguages = (languages: readonly string[]): string[] => [...new Set([...languages, 'en'])];

/**
 * The services of Amazon that a project needs, as far as its code and its packages say.
 * @param facts what detection found
 */
export function defaultAwsServices({
  awsServices,
  dependencies,
}: ProjectFacts): { name: string; reason: string }[] {
  const table = readKnowledge<{ always: string[]; packages: Record<string, string[]> }>('aws-packages');
  const found = new Map<string, string>();
  const add = (name: string, reason: string): void => {
    if (!found.has(name)) found.set(name, reason);
  };
  for (const name of awsServices.value) add(name, firstPlace(awsServices.evidence));
  for (const { name } of dependencies.production) {
    for (const service of table.packages[name] ?? []) add(service, name);
  }
  for (const name of table.always) add(name, 'credentials of a role');
  return [...found].map(([name, reason]) => ({ name, reason }));
}
