import {
  COMPONENTS,
  IMAGE_NAMES,
  TIME_NAMES,
  type Component,
  type ImageMeasurements,
  type ImageName,
  type Measurements,
  type Times,
  type TreeNode,
} from './measurements.ts';

/** The measurements cannot be used. `message` says where and why, for the user. */
export class MeasurementsError extends Error {
  override name = 'MeasurementsError';
}

const SCHEMA = 1;

/** More folders above each other than any image has. */
const DEEPEST_TREE = 100;

/** A size that no image has; larger ones would spoil every chart. */
const LARGEST = 2 ** 50;

const LONGEST_TEXT = 2000;

type Json = Record<string, unknown>;

/**
 * Reads measurements as untrusted input: names of files come from images, and the file may be edited or broken. What
 * is missing is null or empty; what is of the wrong kind is an error.
 * @param text JSON of compare_images.py, or the short form of it
 * @param source what the text is called in messages
 * @throws MeasurementsError
 */
export function readMeasurements(text: string, source: string): Measurements {
  const fail = (reason: string): never => {
    throw new MeasurementsError(`${source} ${reason}`);
  };
  const read = new Reader(fail);
  const data = read.object(parse(text, fail), 'the whole');
  if (data['schema'] !== SCHEMA) {
    fail(
      `is of schema ${JSON.stringify(data['schema'] ?? null)?.slice(0, 40)}, and this version reads ${SCHEMA}.`,
    );
  }
  const images = read.optional(data['images'], 'images');
  const times = read.optional(data['times'], 'times');
  const machine = read.optional(data['machine'], 'machine');
  const before = read.optional(data['before'], 'before');
  const limits = read.optional(data['limits'], 'limits');
  const measuredAt = read.text(data['measuredAt'], 'measuredAt');
  return {
    project: read.text(data['project'], 'project') ?? 'the project',
    measuredAt: measuredAt !== null && !Number.isNaN(Date.parse(measuredAt)) ? measuredAt : null,
    machine: {
      engine: read.text(machine['engine'], 'machine.engine'),
      platform: read.text(machine['platform'], 'machine.platform'),
      cpus: read.number(machine['cpus'], 'machine.cpus'),
    },
    beforeKind: read.text(before['kind'], 'before.kind') === 'kept' ? 'kept' : 'naive',
    images: Object.fromEntries(
      IMAGE_NAMES.map((name) => [name, read.image(images[name], `images.${name}`)]),
    ) as Record<ImageName, ImageMeasurements | null>,
    context: read.pair(data['context'], 'context'),
    codeChangePush: read.pair(data['codeChangePush'], 'codeChangePush'),
    times: {
      before: read.times(times['before'], 'times.before'),
      production: read.times(times['production'], 'times.production'),
    },
    trimmed: read.list(data['trimmed'], 'trimmed').map((item, index) => {
      const at = `trimmed[${index}]`;
      const rule = read.object(item, at);
      return {
        rule: read.text(rule['rule'], `${at}.rule`) ?? '',
        files: read.number(rule['files'], `${at}.files`) ?? 0,
        bytes: read.number(rule['bytes'], `${at}.bytes`) ?? 0,
        packages: Object.entries(read.optional(rule['packages'], `${at}.packages`))
          .map(([name, bytes]) => ({
            name: cleanText(name),
            bytes: read.number(bytes, `${at}.packages`) ?? 0,
          }))
          .toSorted((left, right) => right.bytes - left.bytes),
      };
    }),
    notes: read.texts(data['notes'], 'notes'),
    missedLimits: read.texts(limits['missed'], 'limits.missed'),
  };
}

function parse(text: string, fail: (reason: string) => never): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return fail('is no JSON.');
  }
}

/** Without what HTML, SVG or a terminal would take for more than text, and without marks that turn its direction. */
export function cleanText(text: string): string {
  return text
    .slice(0, LONGEST_TEXT)
    .toWellFormed()
    .replaceAll(/[\u0000-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]/gu, '\uFFFD');
}

/** One check for each kind of value; each names the place of what is wrong. */
class Reader {
  readonly #fail: (reason: string) => never;

  constructor(fail: (reason: string) => never) {
    this.#fail = fail;
  }

  object(value: unknown, at: string): Json {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
    return this.#fail(`is broken: ${at} is no object.`);
  }

  optional(value: unknown, at: string): Json {
    return value === undefined || value === null ? {} : this.object(value, at);
  }

  list(value: unknown, at: string): unknown[] {
    if (value === undefined || value === null) return [];
    return Array.isArray(value) ? value : this.#fail(`is broken: ${at} is no list.`);
  }

  text(value: unknown, at: string): string | null {
    if (value === undefined || value === null) return null;
    return typeof value === 'string' ? cleanText(value) : this.#fail(`is broken: ${at} is no text.`);
  }

  number(value: unknown, at: string): number | null {
    if (value === undefined || value === null) return null;
    if (typeof value === 'number' && value >= 0 && value <= LARGEST) return value;
    return this.#fail(`is broken: ${at} is no size or time.`);
  }

  texts(value: unknown, at: string): string[] {
    return this.list(value, at).map((item, index) => this.text(item, `${at}[${index}]`) ?? '');
  }

  pair(value: unknown, at: string): { before: number | null; production: number | null } {
    const pair = this.optional(value, at);
    return {
      before: this.number(pair['before'], `${at}.before`),
      production: this.number(pair['production'], `${at}.production`),
    };
  }

  image(value: unknown, at: string): ImageMeasurements | null {
    if (value === undefined || value === null) return null;
    const image = this.object(value, at);
    const size = this.number(image['size'], `${at}.size`);
    // Its build failed, or it was not asked for.
    if (size === null) return null;
    return {
      size,
      compressed: this.number(image['compressed'], `${at}.compressed`),
      layers: this.list(image['layers'], `${at}.layers`).map((item, index) => {
        const place = `${at}.layers[${index}]`;
        const layer = this.object(item, place);
        return {
          command: this.text(layer['command'], `${place}.command`) ?? '',
          size: this.number(layer['size'], `${place}.size`) ?? 0,
        };
      }),
      breakdown: this.#breakdown(image['breakdown'], `${at}.breakdown`),
      packages: this.#sizes(image['packages'], `${at}.packages`, 'name').map(([name, bytes]) => ({
        name,
        size: bytes,
      })),
      tree:
        image['tree'] === undefined || image['tree'] === null
          ? null
          : this.#tree(image['tree'], `${at}.tree`, 0),
      waste: this.#sizes(image['waste'], `${at}.waste`, 'path').map(([path, bytes]) => ({
        path,
        size: bytes,
      })),
      wasteAsDive: this.number(image['wasteAsDive'], `${at}.wasteAsDive`),
    };
  }

  times(value: unknown, at: string): Times {
    const times = this.optional(value, at);
    return Object.fromEntries(
      [...TIME_NAMES, 'memory'].map((name) => [name, this.number(times[name], `${at}.${name}`)]),
    ) as Times;
  }

  /** What a newer script tells apart and this version does not know is counted as other. */
  #breakdown(value: unknown, at: string): Record<Component, number> | null {
    if (value === undefined || value === null) return null;
    const result = Object.fromEntries(COMPONENTS.map((name) => [name, 0])) as Record<Component, number>;
    for (const [name, bytes] of Object.entries(this.object(value, at))) {
      const component = COMPONENTS.find((known) => known === name) ?? 'other';
      result[component] += this.number(bytes, `${at}.${component}`) ?? 0;
    }
    return result;
  }

  /** A list of names with sizes, the largest first. */
  #sizes(value: unknown, at: string, key: 'name' | 'path'): [string, number][] {
    return this.list(value, at)
      .map((item, index): [string, number] => {
        const place = `${at}[${index}]`;
        const entry = this.object(item, place);
        return [
          this.text(entry[key], `${place}.${key}`) ?? '',
          this.number(entry['size'], `${place}.size`) ?? 0,
        ];
      })
      .toSorted((left, right) => right[1] - left[1]);
  }

  #tree(value: unknown, at: string, depth: number): TreeNode {
    if (depth > DEEPEST_TREE) this.#fail(`is broken: ${at} is too deep.`);
    const node = this.object(value, at);
    return {
      name: this.text(node['name'], `${at}.name`) ?? '',
      size: this.number(node['size'], `${at}.size`) ?? 0,
      children: this.list(node['children'], `${at}.children`).map((child) =>
        this.#tree(child, at, depth + 1),
      ),
    };
  }
}
