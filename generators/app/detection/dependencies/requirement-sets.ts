import type { DetectionNote, Requirement, ServerName } from '../facts.ts';
import { markerMayApply } from './markers.ts';
import { without } from './reading.ts';

/** A group or an extra: requirements that are installed only when it is asked for. */
export interface RequirementSet {
  kind: 'group' | 'extra';
  name: string;
  requirements: Requirement[];
  /** The project's own tool installs it without being asked. */
  byDefault: boolean;
}

/** Which sets go where; the others are installed nowhere. */
export interface ChosenSets {
  production: RequirementSet[];
  development: RequirementSet[];
  notes: DetectionNote[];
}

/** Servers that production may run, WSGI first. */
export const SERVER_NAMES: readonly ServerName[] = [
  'gunicorn',
  'uvicorn',
  'daphne',
  'hypercorn',
  'granian',
  'uwsgi',
];

/** PostgreSQL drivers that Django knows, as it prefers them. */
/** Drivers for MySQL and MariaDB, Django's own choice first. */
export const MYSQL_DRIVERS = ['mysqlclient', 'pymysql', 'mysql-connector-python', 'mysql-connector'] as const;

export const POSTGRES_DRIVERS: readonly string[] = ['psycopg', 'psycopg2', 'psycopg2-binary'];

const DEVELOPMENT =
  /^(dev|devel|develop|development|tests?|testing|unit-?tests?|lint|linting|linters?|format|formatting|style|typing|types|type-?check(ing)?|mypy|ci|debug|local|quality|qa|coverage|pre-?commit|(dev|test|lint)-.+)$/i;

/** Neither for production nor for everyday development. */
const APART =
  /^(docs?|documentation|sphinx|mkdocs|notebooks?|jupyter|bench(mark)?s?|profiling|release|publish|e2e|playwright)$/i;

const PRODUCTION = /^(prod|production|deploy|deployment|live|docker|container)$/i;

/** The groups of a project that has nothing but groups. */
const MAIN = /^(main|prod|production|default|base|common|core|app|runtime|requirements|dependencies|deps)$/i;

const plain = (name: string): string => name.replaceAll('_', '-');

/** Whether a group or an extra of this name holds development tools. */
export function isDevelopmentGroup(name: string): boolean {
  return DEVELOPMENT.test(plain(name));
}

const isCandidate = (set: RequirementSet): boolean =>
  !isDevelopmentGroup(set.name) && !APART.test(plain(set.name));

/**
 * Chooses among groups and extras. Into production go those that the tool installs by itself or that are called so,
 * and, where production has no server or no PostgreSQL driver, the smallest set that has one; development ones by name.
 * @param sets all groups and extras
 * @param always what is installed without any of them; where that is nothing, the main group, else all others
 */
export function chooseSets(sets: readonly RequirementSet[], always: readonly Requirement[]): ChosenSets {
  const candidates = sets.filter(isCandidate);
  const development = sets.filter((set) => isDevelopmentGroup(set.name));
  if (always.length === 0) {
    const groups = candidates.filter((set) => set.kind === 'group');
    const main = groups.filter((set) => MAIN.test(set.name));
    const chosen = main.length > 0 ? main : groups;
    const production = [...chosen, ...missingSets(candidates, chosen, always)];
    return {
      production,
      development,
      notes: production.map((set) => noteOf(set, 'there is nothing outside of groups')),
    };
  }
  const byDefault = candidates.filter((set) => set.byDefault);
  const named = candidates.filter((set) => !set.byDefault && PRODUCTION.test(set.name));
  const needed = missingSets(candidates, [...byDefault, ...named], always);
  return {
    production: [...byDefault, ...named, ...needed],
    development,
    notes: [
      ...named.map((set) => noteOf(set, 'its name says so')),
      ...needed.map((set) => noteOf(set, `${heldBy(set).join(', ')} is nowhere else`)),
    ],
  };
}

const names = (requirements: readonly Requirement[]): Set<string> =>
  new Set(requirements.filter((item) => markerMayApply(item.marker)).map((item) => item.name));

function heldBy(set: RequirementSet): string[] {
  const own = names(set.requirements);
  return [...SERVER_NAMES, 'pyuwsgi', ...POSTGRES_DRIVERS].filter((name) => own.has(name));
}

/** The sets that bring the server and the driver which nothing else brings. */
function missingSets(
  candidates: readonly RequirementSet[],
  chosen: readonly RequirementSet[],
  always: readonly Requirement[],
): RequirementSet[] {
  const found: RequirementSet[] = [];
  for (const wanted of [[...SERVER_NAMES, 'pyuwsgi'], POSTGRES_DRIVERS]) {
    const there = names([...always, ...[...chosen, ...found].flatMap((set) => set.requirements)]);
    if (wanted.some((name) => there.has(name))) continue;
    const holders = candidates
      .filter((set) => {
        const own = names(set.requirements);
        return wanted.some((name) => own.has(name));
      })
      // An extra such as `all` holds everything of the others.
      .toSorted((a, b) => a.requirements.length - b.requirements.length);
    found.push(...holders.slice(0, 1));
  }
  return found;
}

function noteOf(set: RequirementSet, reason: string): DetectionNote {
  const [first] = set.requirements;
  return {
    message: `the ${set.kind} «${set.name}» is installed into production: ${reason}`,
    evidence: first ? [first.evidence] : [],
  };
}

/** What a choice means for the facts. */
export function factsOfSets(chosen: ChosenSets): {
  productionGroups: string[];
  productionExtras: string[];
  developmentGroups: string[];
  developmentExtras: string[];
} {
  const named = (sets: readonly RequirementSet[], kind: RequirementSet['kind']): string[] =>
    sets.filter((set) => set.kind === kind).map((set) => set.name);
  return {
    productionGroups: named(chosen.production, 'group'),
    productionExtras: named(chosen.production, 'extra'),
    developmentGroups: named(chosen.development, 'group'),
    developmentExtras: named(chosen.development, 'extra'),
  };
}

/** Each name once, those of production left out. */
export function developmentOf(
  requirements: readonly Requirement[],
  production: readonly Requirement[],
): Requirement[] {
  const seen = new Set<string>();
  return without(requirements, production).filter((item) => !seen.has(item.name) && seen.add(item.name));
}
