import { describe, expect, it } from 'vitest';
import {
  MeasurementsError,
  cleanText,
  readMeasurements,
} from '../../generators/app/measurements/read-measurements.ts';
import { shortMeasurements } from '../../generators/report/short-measurements.ts';
import { EXAMPLE_TEXT, example, exampleJson, imageOf } from './example.ts';

const read = (value: unknown): ReturnType<typeof readMeasurements> =>
  readMeasurements(JSON.stringify(value), 'x.json');

describe('what compare_images.py writes', () => {
  it('is read whole', () => {
    const { images, context, times, trimmed, beforeKind, measuredAt } = readMeasurements(EXAMPLE_TEXT, 'x');
    expect(images.production?.breakdown?.byteCode).toBe(49_000_000);
    expect(images.production?.packages[0]).toEqual({ name: 'scipy', size: 100_400_000 });
    expect(images.production?.tree?.children.map(({ name }) => name)).toContain('opt');
    expect(images.before?.layers).toHaveLength(4);
    expect(context).toEqual({ before: 356_000_000, production: 40_000_000 });
    expect(times.production.firstResponse).toBe(0.2);
    expect(trimmed[0]?.packages[0]).toEqual({ name: 'pandas', bytes: 13_100_000 });
    expect([beforeKind, measuredAt]).toEqual(['naive', '2026-11-25T03:40:00Z']);
  });

  it('may lack everything but its schema', () => {
    const empty = read({ schema: 1 });
    expect(empty.images).toEqual({ before: null, builder: null, development: null, production: null });
    expect(empty.times.before.cold).toBeNull();
    expect(empty.project).toBe('the project');
  });

  it('counts a component that a newer script tells apart as other', () => {
    const { images } = read({
      schema: 1,
      images: { production: { size: 30, breakdown: { base: 10, models: 15, other: 5 } } },
    });
    expect(images.production?.breakdown).toMatchObject({ base: 10, other: 20, tests: 0 });
  });

  it('has no image where its size is null', () => {
    expect(read({ schema: 1, images: { before: { size: null } } }).images.before).toBeNull();
  });
});

describe('untrusted measurements', () => {
  it.each([
    ['no JSON', '{', 'x.json is no JSON.'],
    ['a list', '[]', 'x.json is broken: the whole is no object.'],
    ['another schema', '{"schema":2}', 'x.json is of schema 2, and this version reads 1.'],
    ['no schema', '{}', 'x.json is of schema null, and this version reads 1.'],
    [
      'a size that is a text',
      '{"schema":1,"images":{"production":{"size":"1 MB"}}}',
      'images.production.size is no size',
    ],
    ['a negative size', '{"schema":1,"context":{"before":-1}}', 'context.before is no size'],
    ['a size that no image has', '{"schema":1,"context":{"before":1e300}}', 'context.before is no size'],
    ['a list for an object', '{"schema":1,"images":[]}', 'images is no object'],
    ['an object for a list', '{"schema":1,"trimmed":{}}', 'trimmed is no list'],
    ['a number for a name', '{"schema":1,"project":5}', 'project is no text'],
  ])('with %s are refused, and the message says where', (_, text, message) => {
    expect(() => readMeasurements(text, 'x.json')).toThrow(MeasurementsError);
    expect(() => readMeasurements(text, 'x.json')).toThrow(message);
  });

  it('may have a tree as deep as JSON allows', () => {
    const tree = `${'{"name":"a","size":1,"children":['.repeat(2000)}${']}'.repeat(2000)}`;
    const text = `{"schema":1,"images":{"production":{"size":1,"tree":${tree}}}}`;
    expect(() => readMeasurements(text, 'x.json')).toThrow('is too deep');
  });

  it('loses control characters, marks of direction and halves of characters in names', () => {
    expect(cleanText('a\u0000b\u001B[31m\u202Ec\uD800d\uFFFF')).toBe('a�b�[31m�c�d�');
    expect(cleanText('x'.repeat(10_000))).toHaveLength(2000);
  });

  it('do not reach the prototype of an object', () => {
    const { images } = readMeasurements(
      '{"schema":1,"images":{"__proto__":{"size":1},"production":{"size":1,"breakdown":{"__proto__":5,"constructor":7}}}}',
      'x',
    );
    expect(images.production?.breakdown?.other).toBe(12);
    expect(Object.getPrototypeOf(images)).toBe(Object.prototype);
  });
});

describe('the short form', () => {
  it('is read like the whole, and tells DOCKER.md the same', () => {
    const whole = example();
    const short = readMeasurements(shortMeasurements(whole), 'short');
    const { images, context, times, codeChangePush, measuredAt } = whole;
    expect({ ...short, images: null }).toMatchObject({ context, times, codeChangePush, measuredAt });
    expect(short.images.production?.breakdown).toEqual(images.production?.breakdown);
    expect(short.images.before?.compressed).toBe(images.before?.compressed);
  });

  it('holds no path, no command and no name of the machine', () => {
    const text = shortMeasurements(
      example((data) => {
        data['machine'] = { engine: '28', platform: 'linux/amd64', host: 'secret-host' };
        imageOf(data, 'production')['layers'] = [{ command: 'RUN secret-command', size: 1 }];
      }),
    );
    expect(text).not.toMatch(/secret|\/app|site-packages|cpus/);
    expect(JSON.parse(text)).toMatchObject({ schema: 1, before: { kind: 'naive' } });
  });

  it('tells no project’s name, which may be a customer’s', () => {
    expect(shortMeasurements(readMeasurements(exampleJson(), 'x'))).not.toContain('backendai');
  });
});
