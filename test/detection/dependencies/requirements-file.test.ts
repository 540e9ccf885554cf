import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import {
  PUBLIC_INDEX_OPTION,
  indexNotes,
} from '../../../generators/app/detection/dependencies/package-indexes.ts';
import {
  complete,
  readRequirements,
} from '../../../generators/app/detection/dependencies/requirements-file.ts';
import { DetectionError } from '../../../generators/app/detection/facts.ts';
import { memoryFiles } from '../../../generators/app/detection/memory-files.ts';

const read = (text: string, others: Record<string, string> = {}) =>
  readRequirements(memoryFiles('shop', { 'requirements.txt': text, ...others }), 'requirements.txt');
const one = (text: string, others: Record<string, string> = {}) => read(text, others).requirements[0];

describe('a line of a requirements file', () => {
  it.each([
    ['Django==5.2.19', { name: 'django', specifier: '==5.2.19' }],
    ['Django >= 4.2 , < 5  # the LTS', { name: 'django', specifier: '>=4.2,<5' }],
    ['zope.interface', { name: 'zope-interface', specifier: '' }],
    ['psycopg[binary,pool]~=3.2', { name: 'psycopg', extras: ['binary', 'pool'], specifier: '~=3.2' }],
    ["tzdata; sys_platform == 'win32'", { name: 'tzdata', marker: "sys_platform == 'win32'" }],
    ['foo===1.0+local', { name: 'foo', specifier: '===1.0+local' }],
    ['foo (>=1.0)', { name: 'foo', specifier: '>=1.0' }],
    [
      'lxml @ https://example.org/lxml-5.0.tar.gz#sha256=ab ; python_version > "3.8"',
      {
        name: 'lxml',
        url: 'https://example.org/lxml-5.0.tar.gz#sha256=ab',
        marker: 'python_version > "3.8"',
      },
    ],
    [
      'git+https://example.org/team/django-shop.git@v1.2#egg=django_shop[pay]',
      {
        name: 'django-shop',
        extras: ['pay'],
        url: 'git+https://example.org/team/django-shop.git@v1.2#egg=django_shop[pay]',
      },
    ],
    ['git+ssh://git@example.org/team/tools.git', { name: 'tools' }],
    ['-e git+https://example.org/a/b.git#egg=bee', { name: 'bee' }],
    ['https://example.org/pkg/thing-2.1-py3-none-any.whl', { name: 'thing' }],
    ['a==1 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11', { name: 'a', specifier: '==1' }],
    ['\tb==2 # x', { name: 'b', specifier: '==2' }],
  ])('%s', (line, expected) => {
    expect(one(line)).toMatchObject(expected);
  });

  it('leaves comments, blank lines and options out', () => {
    expect(read('# only\n\n   # this\n--no-binary :all:\n--pre\n').requirements).toEqual([]);
  });

  it('keeps a # that is part of a URL', () => {
    expect(one('x @ https://example.org/x.zip#sha256=1')?.url).toBe('https://example.org/x.zip#sha256=1');
  });

  it('notes what it cannot read, with file and line', () => {
    expect(read('django\n<<<<<<< HEAD\n').notes[0]?.message).toContain('requirements.txt:2');
  });

  it('counts CRLF lines', () => {
    expect(read('a==1\r\n\r\nb==2\r\n').requirements.map((item) => [item.name, item.evidence.line])).toEqual([
      ['a', 1],
      ['b', 3],
    ]);
  });

  it('names the host of a private index and never its password', () => {
    const { privateIndexes } = read('--extra-index-url https://me:secret@pypi.corp.example/simple\ndjango');
    expect(privateIndexes).toMatchObject([{ host: 'pypi.corp.example', variables: [] }]);
    const [note] = indexNotes(privateIndexes);
    expect(note?.message).toMatch(/pypi\.corp\.example.*--secret id=netrc/);
    expect(note?.message).not.toContain('secret@');
    expect(read('-i https://${TOKEN}@pypi.corp.example/simple').privateIndexes).toMatchObject([
      { host: 'pypi.corp.example', variables: ['TOKEN'] },
    ]);
  });

  it.each([
    ['-i https://pypi.python.org/simple', true],
    ['-i https://pypi.org/simple/\r', true],
    ['--index-url=http://pypi.org/simple --trusted-host pypi.org', true],
    ['--extra-index-url https://pypi.org/simple', true],
    ['-i https://pypi.org.example/simple', false],
    ['-i https://pypi.corp.example/pypi.org/simple', false],
    ['-f https://pypi.org/simple', false],
  ])('%s names PyPI: %s', (line, found) => {
    const reading = read(`-r more.txt\n${line}\ndjango\n`, { 'more.txt': 'sqlparse' });
    expect(reading.publicIndexFiles).toEqual(found ? ['requirements.txt'] : []);
    expect(reading.notes).toEqual([]);
    // sed drops in the build what detection finds.
    const { stdout } = spawnSync('sed', ['--regexp-extended', `s~${PUBLIC_INDEX_OPTION}~ ~g`], {
      input: `${line}\n`,
      encoding: 'utf8',
    });
    expect(/index-url|-i/.test(stdout)).toBe(!found && !line.startsWith('-f'));
    expect(stdout.includes('--trusted-host')).toBe(line.includes('--trusted-host'));
  });

  it('counts a local wheel among the files and notes a local folder', () => {
    const reading = read('./wheels/my_tool-1.0-py3-none-any.whl\n-e .\n', {
      'wheels/my_tool-1.0-py3-none-any.whl': '',
    });
    expect(reading.files).toEqual(['requirements.txt', 'wheels/my_tool-1.0-py3-none-any.whl']);
    expect(reading.requirements.map((item) => item.name)).toEqual(['my-tool', 'shop']);
    expect(reading.notes).toHaveLength(1);
  });

  it('refuses UTF-16 with the way out', () => {
    expect(() => read('d\0j\0a\0')).toThrow(/UTF-8/);
  });
});

describe('files that include others', () => {
  it('follows -r and -c relative to the including file, once each', () => {
    const reading = readRequirements(
      memoryFiles('shop', {
        'requirements/prod.txt': '-r base.txt\n--requirement=../extra.txt\n-c limits.txt\ngunicorn\n',
        'requirements/base.txt': '-r prod.txt\nDjango\nredis>=5\n',
        'requirements/limits.txt': 'django==5.2.1\nredis<6\nunused==1\n',
        'extra.txt': 'celery',
      }),
      'requirements/prod.txt',
    );
    expect(reading.files).toEqual([
      'extra.txt',
      'requirements/base.txt',
      'requirements/limits.txt',
      'requirements/prod.txt',
    ]);
    expect(reading.requirements.map((item) => `${item.name}${item.specifier}`)).toEqual([
      'django==5.2.1',
      'redis>=5,<6',
      'celery',
      'gunicorn',
    ]);
  });

  it('says where a missing file is named', () => {
    const reading = readRequirements(
      memoryFiles('shop', { 'requirements.txt': '\n-r requirements/base.txt' }),
      'requirements.txt',
    );
    expect(() => complete(reading)).toThrow(DetectionError);
    expect(() => complete(reading)).toThrow(/requirements\.txt:2 .*requirements\/base\.txt/);
  });

  it('does not leave the repository', () => {
    expect(read('-r ../../secrets.txt').missing).toHaveLength(1);
  });
});

describe('compiled files', () => {
  const compiled = `#
# This file is autogenerated by pip-compile with Python 3.11
# by the following command:
#
asgiref==3.8.1 \\
    --hash=sha256:aa
    # via django
django==5.2.1 \\
    --hash=sha256:bb
    # via
    #   -r requirements.in
    #   djangorestframework
`;

  it('tells stated from pulled in, and which Python', () => {
    const reading = read(compiled);
    expect(reading.hashed).toBe(true);
    expect(reading.python).toEqual({ version: '3.11', evidence: { file: 'requirements.txt', line: 2 } });
    expect(reading.requirements.map((item) => [item.name, item.direct])).toEqual([
      ['asgiref', false],
      ['django', true],
    ]);
  });

  it('is not hashed when one line has none', () => {
    expect(read(`${compiled}redis==5\n`).hashed).toBe(false);
  });
});
