/**
 * Loaded into the built command by `--import`, before it: watches how it writes into a project, without changing what it
 * does.
 * - WATCH_RECORD_TO: before each of its steps the project is copied to a numbered folder there. That is just what
 *   SIGKILL would leave at that moment. Of a file that is being written half is there.
 * - WATCH_PACE: so many milliseconds pass before each of the steps by which files take their places.
 * - WATCH_HOLD_AT, WATCH_HOLD_FILE: at that call of `node:fs` (`renameSync 3` is the third of that function) the command
 *   waits until the file is there; that it waits is told by the file's name with `.reached`.
 * All of it begins with the folder in which a run prepares its files, but for `readdirSync`, by which it looks at the
 * project before.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

type Call = (...parameters: unknown[]) => unknown;
type Name =
  'readdirSync' | 'mkdirSync' | 'openSync' | 'writeFileSync' | 'copyFileSync' | 'renameSync' | 'rmSync';

const { WATCH_RECORD_TO: recordTo, WATCH_HOLD_AT: holdAt, WATCH_HOLD_FILE: holdFile = '' } = process.env;
const pace = Number(process.env['WATCH_PACE'] ?? 0);
const root = process.cwd();
const { cpSync, existsSync, readFileSync, writeFileSync } = fs;
const functions = fs as unknown as Record<Name, Call>;

let writes = false;
/** Copying uses the functions that are watched. */
let busy = false;
let number = 0;
const calls = new Map<Name, number>();
const opened = new Map<unknown, string>();

function record(half?: { target: unknown; content: string | Buffer }): void {
  if (recordTo === undefined) return;
  const folder = join(recordTo, String(number).padStart(3, '0'));
  number += 1;
  cpSync(root, folder, { recursive: true });
  if (half === undefined) return;
  const path = opened.get(half.target) ?? String(half.target);
  if (!path.startsWith(root)) return;
  const bytes = Buffer.from(half.content);
  writeFileSync(join(folder, path.slice(root.length)), bytes.subarray(0, bytes.length / 2));
}

function before(name: Name, [first, second]: unknown[]): void {
  if (name === 'mkdirSync' && String(first).includes('.backendai-docker-staging-')) writes = true;
  if (!writes && !(name === 'readdirSync' && String(first).startsWith(root))) return;
  const count = (calls.get(name) ?? 0) + 1;
  calls.set(name, count);
  if (`${name} ${count}` === holdAt) hold();
  if (name === 'renameSync' || name === 'rmSync') pass(pace);
  if (name === 'openSync' || name === 'readdirSync') return;
  record();
  if (name === 'writeFileSync') record({ target: first, content: second as string | Buffer });
  if (name === 'copyFileSync') record({ target: second, content: readFileSync(first as string) });
}

function hold(): void {
  writeFileSync(`${holdFile}.reached`, '');
  while (!existsSync(holdFile)) pass(5);
}

const nothing = new Int32Array(new SharedArrayBuffer(4));
function pass(milliseconds: number): void {
  if (milliseconds > 0) Atomics.wait(nothing, 0, 0, milliseconds);
}

for (const name of [
  'readdirSync',
  'mkdirSync',
  'openSync',
  'writeFileSync',
  'copyFileSync',
  'renameSync',
  'rmSync',
] as const) {
  const original = functions[name];
  functions[name] = (...parameters) => {
    if (busy) return original(...parameters);
    busy = true;
    before(name, parameters);
    busy = false;
    const result = original(...parameters);
    if (name === 'openSync') opened.set(result, String(parameters[0]));
    return result;
  };
}
syncBuiltinESMExports();
