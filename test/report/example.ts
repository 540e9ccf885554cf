import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Measurements } from '../../generators/app/measurements/measurements.ts';
import { readMeasurements } from '../../generators/app/measurements/read-measurements.ts';

/** Measurements of a project with AI packages, as compare_images.py writes them. */
export const EXAMPLE_FILE = join(import.meta.dirname, 'example-measurements.json');
export const EXAMPLE_TEXT = readFileSync(EXAMPLE_FILE, 'utf8');

type Json = Record<string, unknown>;

/** The example, changed. */
export function exampleJson(change: (data: Json) => void = () => undefined): string {
  const data = JSON.parse(EXAMPLE_TEXT) as Json;
  change(data);
  return JSON.stringify(data);
}

export function example(change: (data: Json) => void = () => undefined): Measurements {
  return readMeasurements(exampleJson(change), 'the example');
}

/** One part of the JSON of an image. */
export function imageOf(data: Json, name: string): Json {
  return (data['images'] as Record<string, Json>)[name] ?? {};
}
