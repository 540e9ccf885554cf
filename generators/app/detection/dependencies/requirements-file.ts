import { posix } from 'node:path';
import { DetectionError, type DetectionNote, type Requirement } from '../facts.ts';
import type { ProjectFiles } from '../project-files.ts';
import { normalizeName, parseRequirement } from './pep508.ts';

/** What a requirements file and all that it includes say. */
export interface RequirementsFile {
  requirements: Requirement[];
  /** The file itself, what it includes with `-r` and the constraints that it names with `-c`, and local `-e` paths. */
  files: string[];
  /** Every requirement has `--hash`. */
  hashed: boolean;
  notes: DetectionNote[];
  /** Python release in the header of pip-compile, with its line. */
  compiledFor: { version: string; line: number } | null;
}

interface LogicalLine {
  text: string;
  line: number;
}

/** Lines with continuations joined and comments cut off (pip: a comment starts at `#` after white space). */
function logicalLines(text: string): LogicalLine[] {
  const lines: LogicalLine[] = [];
  let pending: LogicalLine | null = null;
  text.split(/\r?\n/).forEach((raw, index) => {
    const cut = raw.replace(/(^|\s)#.*$/, '');
    const continues = cut.endsWith('\\');
    const part: string = continues ? cut.slice(0, -1) : cut;
    if (pending) pending.text += ` ${part.trim()}`;
    else pending = { text: part, line: index + 1 };
    if (!continues) {
      if (pending.text.trim() !== '') lines.push({ text: pending.text.trim(), line: pending.line });
      pending = null;
    }
  });
  const rest = pending as LogicalLine | null;
  if (rest && rest.text.trim() !== '') lines.push({ text: rest.text.trim(), line: rest.line });
  return lines;
}

/** A relative path from a file, inside the repository; null when it leads out of it. */
function resolveFrom(file: string, target: string): string | null {
  const path = posix.normalize(posix.join(posix.dirname(file), target));
  return path === '..' || path.startsWith('../') || path.startsWith('/') ? null : path;
}

const HEADER = /pip-compile with Python (3\.\d+)|python-version[= ](3\.\d+)/;

/**
 * Reads a requirements file with everything it includes.
 * @throws DetectionError when `-r` or `-c` names a file that is not there
 */
export function readRequirementsFile(files: ProjectFiles, path: string): RequirementsFile {
  const result: RequirementsFile = { requirements: [], files: [], hashed: false, notes: [], compiledFor: null };
  const hashes: boolean[] = [];
  readInto(files, path, result, hashes, false);
  result.hashed = hashes.length > 0 && hashes.every(Boolean);
  result.files.sort();
  return result;
}

function readInto(
  files: ProjectFiles,
  path: string,
  result: RequirementsFile,
  hashes: boolean[],
  constraints: boolean,
): void {
  if (result.files.includes(path)) return;
  result.files.push(path);
  const text = files.read(path) ?? '';
  const header = HEADER.exec(text.slice(0, 2000));
  const version = header?.[1] ?? header?.[2];
  if (header && version && !result.compiledFor) {
    result.compiledFor = { version, line: text.slice(0, header.index).split('\n').length };
  }
  for (const { text: line, line: number } of logicalLines(text)) {
    const include = /^(-r|--requirement|-c|--constraint)[\s=]*(.+)$/.exec(line);
    if (include?.[1] && include[2]) {
      const target = include[2].trim().replaceAll(/^["']|["']$/g, '');
      if (/^https?:/.test(target)) {
        result.notes.push({ message: `${target} is not followed`, evidence: [{ file: path, line: number }] });
        continue;
      }
      const included = resolveFrom(path, target);
      if (included === null || files.read(included) === undefined) {
        throw new DetectionError(
          `${path}:${number} names ${target}, but there is no file ${included ?? target}. Correct the line or add the file.`,
        );
      }
      readInto(files, included, result, hashes, constraints || include[1].startsWith('-c') || include[1] === '--constraint');
      continue;
    }
    if (constraints) continue;
    readRequirementLine(line, path, number, result, hashes);
  }
}

function readRequirementLine(
  line: string,
  path: string,
  number: number,
  result: RequirementsFile,
  hashes: boolean[],
): void {
  const evidence = { file: path, line: number };
  if (/^(-i|--index-url|--extra-index-url|-f|--find-links)\b/.test(line)) {
    result.notes.push({
      message: 'a package index of its own: the build must reach it (a private one needs a build secret)',
      evidence: [evidence],
    });
    return;
  }
  const editable = /^(?:-e|--editable)[\s=]*(.+)$/.exec(line)?.[1];
  const body = (editable ?? line).replaceAll(/\s--(?:hash|global-option|config-settings|install-option)[=\s]\S+/g, '').trim();
  if (editable === undefined && line.startsWith('-')) return;
  const vcs = /^(?:git|hg|svn|bzr)\+\S+|^https?:\S+|^file:\S+/.exec(body);
  if (vcs) {
    const egg = /[#&]egg=([A-Za-z0-9._-]+)/.exec(body)?.[1];
    const fromUrl = /([A-Za-z0-9._-]+?)(?:\.git|\.zip|\.tar\.gz|-\d[^/]*\.whl)?(?:@[^/]*)?(?:#.*)?$/.exec(vcs[0])?.[1];
    result.requirements.push({
      name: normalizeName(egg ?? fromUrl ?? vcs[0]),
      extras: [],
      specifier: '',
      marker: '',
      url: vcs[0],
      direct: true,
      evidence,
    });
    return;
  }
  if (/^\.{0,2}\//.test(body) || body === '.' || /^\.\[/.test(body)) {
    result.notes.push({ message: `${body} is installed from a folder of the repository`, evidence: [evidence] });
    return;
  }
  const requirement = parseRequirement(body, evidence);
  if (requirement === null) {
    result.notes.push({ message: `${JSON.stringify(body)} is not understood as a requirement`, evidence: [evidence] });
    return;
  }
  hashes.push(line.includes('--hash'));
  // pip-compile says in the next line who wanted it; what others wanted is not stated by the project.
  result.requirements.push(requirement);
}
