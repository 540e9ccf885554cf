import { satisfies } from '@renovatebot/pep440';

/** What is known of the image whatever the user answers. */
const IMAGE: Readonly<Record<string, string>> = {
  sys_platform: 'linux',
  'sys.platform': 'linux',
  platform_system: 'Linux',
  os_name: 'posix',
  'os.name': 'posix',
  implementation_name: 'cpython',
  platform_python_implementation: 'CPython',
  python_implementation: 'CPython',
};

const TOKEN = /\s*(\(|\)|not\s+in\b|in\b|and\b|or\b|===|==|!=|<=|>=|~=|<|>|'[^']*'|"[^"]*"|[A-Za-z_][\w.]*)/y;

/** undefined: it depends on something that is not known here (Python's version, the architecture). */
type Truth = boolean | undefined;

/** Which groups and extras are asked for, as the markers of a pylock.toml name them (PEP 751). */
export interface AskedSets {
  dependency_groups: readonly string[];
  extras: readonly string[];
}

/**
 * Whether a requirement with this environment marker can be installed in a Linux image with CPython. False only when
 * that is certain; an unreadable marker counts as true.
 * @param python minor release of the image, where it is known: `3.12`
 */
export function markerMayApply(
  marker: string,
  { python, sets = null }: { python?: string | undefined; sets?: AskedSets | null } = {},
): boolean {
  const tokens = tokenise(marker);
  if (tokens === null || tokens.length === 0) return true;
  const reader = { tokens, position: 0, python, sets };
  const truth = readOr(reader);
  return truth !== false || reader.position < tokens.length;
}

interface Reader {
  tokens: readonly string[];
  position: number;
  python: string | undefined;
  sets: AskedSets | null;
}

function tokenise(marker: string): string[] | null {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const text = marker.trimEnd();
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (!match) return null;
    tokens.push((match[1] ?? '').replace(/^not\s+in$/, 'not in'));
  }
  return tokens;
}

function readOr(reader: Reader): Truth {
  let truth = readAnd(reader);
  while (reader.tokens[reader.position] === 'or') {
    reader.position += 1;
    const right = readAnd(reader);
    truth = truth === true || right === true ? true : truth === false && right === false ? false : undefined;
  }
  return truth;
}

function readAnd(reader: Reader): Truth {
  let truth = readComparison(reader);
  while (reader.tokens[reader.position] === 'and') {
    reader.position += 1;
    const right = readComparison(reader);
    truth = truth === false || right === false ? false : truth === true && right === true ? true : undefined;
  }
  return truth;
}

function readComparison(reader: Reader): Truth {
  const next = (): string => reader.tokens[reader.position++] ?? '';
  const first = next();
  if (first === '(') {
    const truth = readOr(reader);
    return next() === ')' ? truth : undefined;
  }
  const operator = next();
  const second = next();
  if (/^python_(full_)?version$/.test(first)) return versionTruth(reader.python, operator, second);
  const left = valueOf(first);
  if (reader.sets !== null && left !== undefined && (second === 'dependency_groups' || second === 'extras')) {
    return reader.sets[second].includes(left) === (operator === 'in');
  }
  const right = valueOf(second);
  if (left === undefined || right === undefined) return undefined;
  switch (operator) {
    case '==':
    case '===':
      return left === right;
    case '!=':
      return left !== right;
    case 'in':
      return right.includes(left);
    case 'not in':
      return !right.includes(left);
    default:
      return undefined;
  }
}

/** `python_version < '3.9'`; undefined while the release is not known, or the patch release would decide. */
function versionTruth(python: string | undefined, operator: string, quoted: string): Truth {
  const value = quoted.slice(1, -1);
  if (python === undefined || !/^['"]/.test(quoted)) return undefined;
  if (operator === 'in' || operator === 'not in')
    return value.split(/[\s,]+/).includes(python) === (operator === 'in');
  if (!/^[<>=!~]+$/.test(operator) || !/^\d+(\.\d+)*(\.\*)?$/.test(value)) return undefined;
  const [lowest, highest] = value.split('.').length > 2 && !value.endsWith('.*') ? ['.0', '.99'] : ['', ''];
  const truths = [lowest, highest].map((patch) => satisfies(python + patch, operator + value));
  return truths[0] === truths[1] ? truths[0] : undefined;
}

function valueOf(token: string): string | undefined {
  return /^['"]/.test(token) ? token.slice(1, -1) : IMAGE[token];
}
