import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  envFileValue,
  isPlaceholder,
  readEnvFile,
  setEnvVariables,
} from '../../generators/app/database/env-file.ts';
import { QuotingError } from '../../generators/app/planning/quoting.ts';
import { engineEnvironment } from '../docker/engine/engine-environment.ts';

const set = (text: string, values: Record<string, string>, heading?: string): string =>
  setEnvVariables(
    text,
    Object.entries(values).map(([name, value]) => ({ name, value })),
    heading,
  );

describe('setting variables', () => {
  it('replaces the value of the active line and nothing else', () => {
    const text = `# top\n\nDEBUG=1\n  export A = 'old' # why\nB="x\ny"\nlast=1`;
    expect(set(text, { A: 'new' })).toBe(text.replace("'old'", 'new'));
  });

  it.each([
    ['A=1\r\nB=2\r\n', 'A=9\r\nB=2\r\n'],
    ['A=1\r\nB=2', 'A=9\r\nB=2'],
    ['B=2\nA=1', 'B=2\nA=9'],
    ['A=', 'A=9'],
    ['A=\nB=1\n', 'A=9\nB=1\n'],
    ['A= # later\n', 'A= 9 # later\n'],
    ['A=# later\n', 'A=9 # later\n'],
    ['A=a#b # c\n', 'A=9 # c\n'],
    ["A='x # y' # c\n", 'A=9 # c\n'],
    ['A="x\\"y"\n', 'A=9\n'],
    ['A="one\ntwo"\nB=1\n', 'A=9\nB=1\n'],
    ["A='one\r\nB=two' # c\r\nB=1\r\n", 'A=9 # c\r\nB=1\r\n'],
    ['A="open\nB=1\n', 'A=9\nB=1\n'],
    ['export A=1\n', 'export A=9\n'],
    ['\texport\tA\t=\t1\n', '\texport\tA\t=\t9\n'],
    ['\ufeffA=1\n', '\ufeffA=9\n'],
    ['A=1\nA=2\n', 'A=9\nA=9\n'],
    ['# A=1\nA=2\n', '# A=1\nA=9\n'],
    ['# A=1\n# A=2\n', 'A=9\n# A=2\n'],
    ['#A=\nB=1\n', 'A=9\nB=1\n'],
    ['  # export A="x"  # c\n', 'export A=9  # c\n'],
    ['# A is set here: A=1\nB=1\n', '# A is set here: A=1\nB=1\n\nA=9\n'],
    ['AA=1\nA_A=1\n', 'AA=1\nA_A=1\n\nA=9\n'],
    ['B="\nA=inside\n"\n', 'B="\nA=inside\n"\n\nA=9\n'],
    ['A\n', 'A\n\nA=9\n'],
    ['', 'A=9\n'],
    ['B=1', 'B=1\n\nA=9\n'],
    ['B=1\r\n', 'B=1\r\n\r\nA=9\r\n'],
    ['B=1\r\n\nC=1\n', 'B=1\r\n\nC=1\n\nA=9\n'],
  ])('%j becomes %j', (text, expected) => {
    const changed = set(text, { A: '9' });
    expect(changed).toBe(expected);
    expect(readEnvFile(changed).get('A')).toEqual({ value: '9', placeholder: false });
    // A second time there is nothing left to do.
    expect(set(changed, { A: '9' })).toBe(changed);
  });

  it('leaves a line whose value is the same as it is, quotes included', () => {
    expect(set(`A="9" # c\n`, { A: '9' })).toBe(`A="9" # c\n`);
  });

  it('adds what is missing as one block with a heading', () => {
    expect(set('B=1\n', { A: '1', B: '2', C: 'a b' }, 'Supabase\nproject')).toBe(
      `B=2\n\n# Supabase project\nA=1\nC='a b'\n`,
    );
  });

  it('puts a value with $ in as it is', () => {
    expect(set('A=1\n', { A: 'x$&$1$`' })).toBe("A='x$&$1$`'\n");
  });

  it('names the variable and not the value that it refuses', () => {
    for (const value of [
      's3cret\nX=1',
      's3cret\\',
      `s3cret'"`,
      's3cret${X}',
      '$s3cret',
      '"s3cret"',
      's3cret\u2028',
    ]) {
      expect(() => set('', { DB_PASSWORD: value })).toThrow(QuotingError);
      expect(() => set('', { DB_PASSWORD: value })).toThrow(/^DB_PASSWORD holds (?!.*s3cret)/);
    }
  });
});

describe('reading', () => {
  it('tells the values and which of them are still to be put in', () => {
    const text = `# SUPABASE_URL=x
SUPABASE_URL=https://<ref>.supabase.co
SUPABASE_PUBLISHABLE_KEY=
export SUPABASE_SECRET_KEY='sb_secret_x' # mine
DATABASE_URL="postgresql://postgres.abc:[YOUR-PASSWORD]@h:5432/postgres"
PASSWORD="a\\"b"
TWICE=1
TWICE=2
`;
    expect(Object.fromEntries(readEnvFile(text))).toEqual({
      SUPABASE_URL: { value: 'https://<ref>.supabase.co', placeholder: true },
      SUPABASE_PUBLISHABLE_KEY: { value: '', placeholder: true },
      SUPABASE_SECRET_KEY: { value: 'sb_secret_x', placeholder: false },
      DATABASE_URL: {
        value: 'postgresql://postgres.abc:[YOUR-PASSWORD]@h:5432/postgres',
        placeholder: true,
      },
      PASSWORD: { value: 'a"b', placeholder: false },
      TWICE: { value: '2', placeholder: false },
    });
  });

  it.each([
    '',
    ' ',
    '<ref>',
    '[YOUR-PASSWORD]',
    'your-anon-key',
    'changeme',
    '...',
    'xxxx',
    'https://your-project.supabase.co',
  ])('%j is a placeholder', (value) => {
    expect(isPlaceholder(value)).toBe(true);
  });

  it.each(['sb_publishable_x', 'https://abc.supabase.co', 'postgres://u:[x]y@h/d', 'secret', '0'])(
    '%j is none',
    (value) => {
      expect(isPlaceholder(value)).toBe(false);
    },
  );
});

const HOSTILE = [
  `it's`,
  'a"b',
  'a$',
  'a$HOME',
  'a$$b',
  'a$(id)',
  '#1',
  'a #b',
  'a#b',
  '`id`',
  ' leading',
  'trailing ',
  'two  blanks',
  'ünïcödé-日本-🔑',
  '=a=b=',
  "'",
  "it's a #1",
  '"',
  '"a',
  'a"',
  '!{}[]()*?&;|~^<>',
  '100%',
  '%(x)s',
  '{{x}}',
  'a,b',
  '-x',
  'a:b@c/d?e',
  '\u00a0nbsp',
  'true',
  'null',
];

/** Passwords of random characters, always the same. */
function randomPasswords(count: number): string[] {
  const characters = Array.from(`'"$#\\ ,.!%&=@:/{}[]()*?~^|<>;abcXYZ019üé日`);
  let state = 42;
  const next = (below: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + next(10) }, () => characters[next(characters.length)]).join(''),
  );
}

const READABLE = [...HOSTILE, ...randomPasswords(400)].filter((value) => {
  try {
    envFileValue('A', value);
    return true;
  } catch {
    return false;
  }
});

const folder = mkdtempSync(join(tmpdir(), 'backendai env file '));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FILE = set('', Object.fromEntries(READABLE.map((value, index) => [`V_${index}`, value])));
const expected = Object.fromEntries(READABLE.map((value, index) => [`V_${index}`, value]));

/** The rules of the Python readers, word for word, where the package itself is not installed. */
const READERS = String.raw`
import json, re, sys

text = open(sys.argv[1], encoding="utf-8", newline="").read()

def django_environ(text):  # environ.Env.read_env of django-environ 0.14
    values = {}
    def keep(match):
        return "\\" + match.group(1) if match.group(1) in "rnt" else match.group(1)
    for line in text.splitlines():
        m1 = re.match(r"\A(?:export )?([A-Za-z_0-9]+)=(.*)\Z", line)
        if m1:
            key, val = m1.group(1), m1.group(2)
            m2 = re.match(r"\A'(.*)'\Z", val)
            if m2:
                val = m2.group(1)
            m3 = re.match(r'\A"(.*)"\Z', val)
            if m3:
                val = re.sub(r"\\(.)", keep, m3.group(1))
            values[key] = val
    return values

def decouple(text):  # RepositoryEnv of python-decouple 3.8
    values = {}
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#") or "=" not in line:
            continue
        k, v = line.split("=", 1)
        k, v = k.strip(), v.strip()
        if len(v) >= 2 and ((v[0] == "'" and v[-1] == "'") or (v[0] == '"' and v[-1] == '"')):
            v = v[1:-1]
        values[k] = v
    return values

def dotenv(text):  # parser.py and variables.py of python-dotenv 1.2
    values = {}
    at = 0
    rest = re.compile(r"[^\S\r\n]*(?:export[^\S\r\n]+)?([^=\#\s]+)[^\S\r\n]*=[^\S\r\n]*")
    while at < len(text):
        match = rest.match(text, at)
        if not match:
            at = text.find("\n", at) + 1 or len(text)
            continue
        name, at = match.group(1), match.end()
        if text[at : at + 1] == "'":
            value = re.compile(r"'((?:\\'|[^'])*)'").match(text, at)
            result = re.sub(r"\\[\\']", lambda m: m.group(0)[1], value.group(1))
        elif text[at : at + 1] == '"':
            value = re.compile(r'"((?:\\"|[^"])*)"').match(text, at)
            result = re.sub(r"\\[\\'\"abfnrtv]", lambda m: m.group(0).encode().decode("unicode-escape"), value.group(1))
        else:
            value = re.compile(r"([^\r\n]*)").match(text, at)
            result = re.sub(r"\s+#.*", "", value.group(1)).rstrip()
        at = value.end()
        at = text.find("\n", at) + 1 or len(text)
        values[name] = re.sub(r"\$\{[^\}:]*(?::-[^\}]*)?\}", "", result)
    return values

json.dump([django_environ(text), decouple(text), dotenv(text)], sys.stdout)
`;

describe('the value that readers get', () => {
  it('takes most hostile passwords', () => {
    expect(HOSTILE.filter((value) => !READABLE.includes(value))).toEqual([]);
    expect(READABLE.length).toBeGreaterThan(HOSTILE.length + 150);
  });

  it('is the same by our own reader', () => {
    const read = readEnvFile(FILE);
    expect(Object.fromEntries([...read].map(([name, { value }]) => [name, value]))).toEqual(expected);
  });

  it("is the same by the rules of Python's readers", () => {
    const path = join(folder, 'python.env');
    writeFileSync(path, FILE);
    const { stdout, stderr } = spawnSync('python3', ['-c', READERS, path], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const [environ, decouple, dotenv] = JSON.parse(stdout) as Record<string, string>[];
    expect(environ).toEqual(expected);
    expect(decouple).toEqual(expected);
    expect(dotenv).toEqual(expected);
  });

  const environment = engineEnvironment();
  it.skipIf(environment === null)(
    'is the same by Docker Compose, as env_file and put into compose.yaml',
    () => {
      writeFileSync(join(folder, '.env'), FILE);
      const names = Object.keys(expected);
      writeFileSync(
        join(folder, 'compose.yaml'),
        [
          'name: backendai-env-file-test',
          'services:',
          '  by-file: {image: x, env_file: [.env]}',
          '  by-name:',
          '    image: x',
          '    environment:',
          ...names.map((name) => `      ${name}: "\${${name}}"`),
          '',
        ].join('\n'),
      );
      const { stdout, stderr, status } = spawnSync('docker', ['compose', 'config', '--format', 'json'], {
        cwd: folder,
        encoding: 'utf8',
        env: environment ?? {},
        maxBuffer: 64 * 1024 * 1024,
      });
      expect(status, stderr).toBe(0);
      const { services } = JSON.parse(stdout) as {
        services: Record<string, { environment: Record<string, string> }>;
      };
      // `config` doubles `$`, so that its output can be used as a Compose file again.
      const undoubled = (values: Record<string, string> = {}): Record<string, string> =>
        Object.fromEntries(
          Object.entries(values).map(([name, value]) => [name, value.replaceAll('$$', '$')]),
        );
      expect(undoubled(services['by-file']?.environment)).toEqual(expected);
      expect(undoubled(services['by-name']?.environment)).toEqual(expected);
    },
  );
});
