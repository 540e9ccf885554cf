import { IMAGE_NAMES, type Measurements } from '../app/measurements/measurements.ts';

/**
 * What DOCKER.md tells of the measurements, as JSON to be committed: numbers, and no name of a file or of a machine.
 * It has the schema of the whole, with less in it.
 */
export function shortMeasurements(measurements: Measurements): string {
  const { measuredAt, machine, beforeKind, images, context, times, codeChangePush, trimmed } = measurements;
  const short = {
    schema: 1,
    measuredAt,
    machine: { engine: machine.engine, platform: machine.platform },
    before: { kind: beforeKind },
    images: Object.fromEntries(
      IMAGE_NAMES.map((name) => {
        const image = images[name];
        return [
          name,
          image === null
            ? null
            : { size: image.size, compressed: image.compressed, breakdown: image.breakdown },
        ];
      }),
    ),
    context,
    times,
    codeChangePush,
    trimmed: trimmed.map(({ rule, files, bytes }) => ({ rule, files, bytes })),
  };
  return `${JSON.stringify(short, null, 2)}\n`;
}
