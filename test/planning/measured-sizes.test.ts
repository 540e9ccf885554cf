import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveAnswers } from '../../generators/app/answers/resolve-answers.ts';
import { detectProject } from '../../generators/app/detection/detect-project.ts';
import { readDiskFiles } from '../../generators/app/detection/disk-files.ts';
import type { Measurements } from '../../generators/app/measurements/measurements.ts';
import { projectMeasurements } from '../../generators/app/measurements/project-measurements.ts';
import { makePlan } from '../../generators/app/planning/make-plan.ts';
import { measuredSizes } from '../../generators/app/planning/measured-sizes.ts';
import { RegenerationError } from '../../generators/app/regeneration/regeneration-error.ts';
import { renderFiles } from '../../generators/app/rendering/render-files.ts';
import { EXAMPLE_TEXT, example } from '../report/example.ts';

const SAMPLE = join(import.meta.dirname, '../../sample/backendai');

describe('the numbers of DOCKER.md', () => {
  it('are the seed’s two tables', () => {
    const sizes = measuredSizes(example());
    expect(sizes).toMatchObject({ day: '25 November 2026', engine: '28.5.2', platform: 'linux/amd64' });
    expect(sizes?.breakdown).toContainEqual({
      component: 'Build tools',
      before: '383 MB',
      after: '0 MB',
      saved: '383 MB',
    });
    expect(sizes?.metrics.map(({ metric }) => metric)).toEqual([
      'Image size',
      'To pull (compressed)',
      'Build context',
      'To push after a code change',
      'Build with nothing cached',
      'Build after a code change',
      'Build after a new requirement',
      'Container start to first response',
      'Memory of the container',
    ]);
  });

  it('are what was measured on both sides', () => {
    const sizes = measuredSizes(
      example((data) => {
        data['times'] = { before: { cold: 1 }, production: { codeChange: 1 } };
        data['context'] = data['codeChangePush'] = null;
      }),
    );
    expect(sizes?.metrics.map(({ metric }) => metric)).toEqual(['Image size', 'To pull (compressed)']);
  });

  it('are none without an image before, and without measurements', () => {
    const alone = example((data) => {
      (data['images'] as Record<string, unknown>)['before'] = null;
    });
    expect([measuredSizes(alone), measuredSizes(null)]).toEqual([null, null]);
  });

  it('cannot bring Markdown of their own into the file', async () => {
    const facts = detectProject(readDiskFiles(SAMPLE));
    const { answers } = await resolveAnswers(facts, { commandLine: {}, stored: {}, askAnswered: false });
    const render = (measurements: Measurements): string =>
      renderFiles(makePlan(facts, answers, { measurements })).get('DOCKER.md')?.text ?? '';
    const text = render(
      example((data) => {
        data['machine'] = { engine: '1`\n## Hostile\n<script>', platform: '`|\r\n\r\n# Hostile' };
      }),
    );
    expect(text.split('\n').filter((line) => /^#+ Hostile/.test(line))).toEqual([]);
    expect(text).toMatch(/with Docker `[^`]*<script>` on `[^`]*`\. Before: the usual first Dockerfile/);
  });
});

describe('measurements in the repository', () => {
  type Disk = Parameters<typeof projectMeasurements>[0];
  const disk = (text: string | Error): Disk => ({
    text: () => {
      if (typeof text === 'string') return text;
      throw text;
    },
    exists: () => true,
    sha256: () => 'x',
  });
  const git = (ignored: string[] = []): Parameters<typeof projectMeasurements>[1] => ({
    present: true,
    ignored: () => new Set(ignored),
    tracked: () => true,
  });

  it('are read', () => {
    const { measurements, note } = projectMeasurements(disk(EXAMPLE_TEXT), git());
    expect([measurements?.images.production?.size, note]).toEqual([700_219_998, null]);
  });

  it.each([
    ['no JSON', '{', 'docker/measurements.json is no JSON. DOCKER.md goes without the numbers'],
    [
      'with conflict markers of Git',
      '<<<<<<< ours\n{"schema": 1}\n=======\n',
      'docker/measurements.json is no JSON.',
    ],
    ['no text', new RegenerationError('no text in UTF-8'), 'docker/measurements.json cannot be read.'],
  ])('that are %s are as if they were not there, and a note says so', (_, text, message) => {
    const { measurements, note } = projectMeasurements(disk(text), git());
    expect(measurements).toBeNull();
    expect(note).toContain(message);
  });

  it('do not count where Git ignores them, because other clones lack them', () => {
    const { measurements, note } = projectMeasurements(disk(EXAMPLE_TEXT), git(['docker/measurements.json']));
    expect(measurements).toBeNull();
    expect(note).toContain('Git ignores docker/measurements.json');
  });
});
