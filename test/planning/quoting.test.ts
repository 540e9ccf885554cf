import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import {
  QuotingError,
  composeString,
  composeValue,
  copyArguments,
  dockerignorePattern,
  envInstructionValue,
  envValue,
  pythonLiteral,
  shellWord,
  workdirArgument,
} from '../../generators/app/planning/quoting.ts';
import { parse } from 'yaml';

const HOSTILE = [
  "it's",
  'a b',
  'a"b',
  '$(touch x)',
  '`id`',
  '#1',
  'a;b',
  'a\\b',
  'ünï',
  '${HOME}',
  '-rf',
  '*',
  '!',
];

describe('quoting', () => {
  it.each(HOSTILE)('a shell reads %j back as it was', (text) => {
    const { stdout } = spawnSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' });
    expect(stdout).toBe(text);
  });

  it.each(HOSTILE)('YAML reads %j back, with $ doubled for Compose', (text) => {
    expect(parse(`value: ${composeString(text)}`)).toEqual({ value: text.replaceAll('$', '$$$$') });
  });

  it.each(HOSTILE)('Python reads %j back', (text) => {
    const { stdout } = spawnSync(
      'python3',
      ['-c', `import sys; sys.stdout.buffer.write(${pythonLiteral(text)}.encode())`],
      {
        encoding: 'utf8',
      },
    );
    expect(stdout).toBe(text);
  });

  it.each(['line\nbreak', 'carriage\rreturn', 'nul\0'])('refuses %j in every format', (text) => {
    for (const quote of [shellWord, composeString, envValue, dockerignorePattern]) {
      expect(() => quote(text)).toThrow(QuotingError);
    }
    expect(() => copyArguments([text], '/app/')).toThrow(QuotingError);
  });

  it('writes plain COPY paths as they are, others in the JSON form with the escapes of the Dockerfile', () => {
    expect(copyArguments(['apps', 'core.py'], '/app/')).toBe('apps core.py /app/');
    expect(copyArguments(['my data'], '/app/my data/')).toBe('["my data", "/app/my data/"]');
    expect(copyArguments(['price $list'], '/app/')).toBe(String.raw`["price \\$list", "/app/"]`);
    expect(copyArguments(["it's #1"], '/app/')).toBe(String.raw`["it\\'s #1", "/app/"]`);
    expect(copyArguments(['a[1]*'], '/app/')).toBe('["a[[]1][*]", "/app/"]');
  });

  it('leaves plain env values bare and quotes the others', () => {
    expect(envValue('redis://redis:6379/0')).toBe('redis://redis:6379/0');
    expect(envValue('a b')).toBe("'a b'");
    expect(envValue('a#b')).toBe("'a#b'");
    expect(envValue("it's $x")).toBe(String.raw`"it's \$x"`);
  });

  it('keeps the variables of Compose and quotes what surrounds them', () => {
    const value = 'a"b\\c${POSTGRES_PASSWORD:-app}';
    expect(parse(`value: "${composeValue(value)}"`)).toEqual({ value });
  });

  it('keeps spaces in a work dir and escapes what the Dockerfile would expand', () => {
    expect(workdirArgument('/app/my $dir')).toBe(String.raw`/app/my \$dir`);
  });

  it('escapes a pattern of .dockerignore that would be a comment or an exception', () => {
    expect(dockerignorePattern('#notes')).toBe(String.raw`\#notes`);
    expect(dockerignorePattern('!keep')).toBe(String.raw`\!keep`);
    expect(dockerignorePattern('a[b]')).toBe(String.raw`a\[b]`);
  });
});

it.each([
  ['/app/src', '/app/src'],
  ['/app/a b', '"/app/a b"'],
  ['/app/$x"y\\z', '"/app/\\$x\\"y\\\\z"'],
])('ENV takes %j as %s', (text, written) => {
  expect(envInstructionValue(text)).toBe(written);
});
