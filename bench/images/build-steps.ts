/** One step of a build, as BuildKit tells it. */
export interface BuildStep {
  name: string;
  /** Seconds that it ran; 0 where it was cached. */
  seconds: number;
  cached: boolean;
}

/** A command of a traced RUN (`sh -x`) and how long it took. */
export interface TracedCommand {
  command: string;
  seconds: number;
}

interface Vertex {
  digest: string;
  name?: string;
  started?: string;
  completed?: string;
  cached?: boolean;
}

interface Log {
  vertex: string;
  data: string;
  timestamp: string;
}

interface Progress {
  vertexes?: Vertex[];
  logs?: Log[];
}

/** The objects of `docker buildx build --progress rawjson`; other lines are passed over. */
function* progressOf(output: string): Generator<Progress> {
  for (const line of output.split('\n')) {
    if (!line.startsWith('{')) continue;
    try {
      yield JSON.parse(line) as Progress;
    } catch {
      // A line that was cut off.
    }
  }
}

/**
 * The steps of a build in the order in which they began.
 * @param output of `docker buildx build --progress rawjson`
 */
export function buildSteps(output: string): BuildStep[] {
  const seen = new Map<string, { vertex: Vertex; seconds: number; at: number }>();
  for (const { vertexes = [] } of progressOf(output))
    for (const vertex of vertexes) {
      const known = seen.get(vertex.digest) ?? { vertex, seconds: 0, at: Number.POSITIVE_INFINITY };
      known.vertex = { ...known.vertex, ...vertex };
      if (vertex.started && vertex.completed) {
        // The same step may be told again by a second caller: the longest time is the one that it ran.
        known.seconds = Math.max(known.seconds, secondsBetween(vertex.started, vertex.completed));
        known.at = Math.min(known.at, Date.parse(vertex.started));
      }
      seen.set(vertex.digest, known);
    }
  return [...seen.values()]
    .filter(({ vertex }) => vertex.name !== undefined)
    .toSorted((left, right) => left.at - right.at)
    .map(({ vertex, seconds }) => ({
      name: vertex.name ?? '',
      seconds: vertex.cached ? 0 : seconds,
      cached: vertex.cached === true,
    }));
}

/** Steps of the Dockerfile that were carried out: neither cached nor the builder's own. */
export const executed = (steps: readonly BuildStep[]): BuildStep[] =>
  steps.filter(({ name, cached }) => !cached && /^\[[^\]]+\] (?:RUN|COPY|ADD|WORKDIR)\b/.test(name));

/** The name of a step in few words: `application: RUN python manage.py collectstatic`. */
export function shortName(name: string): string {
  const [, stage, words = ''] = /^\[(\S+)[^\]]*\] (.*)$/s.exec(name) ?? [];
  if (stage === undefined) return name;
  const plain = words.replaceAll(/--mount=\S+\s*/g, '').replaceAll(/\s+/g, ' ');
  return `${stage}: ${plain.length > 60 ? `${plain.slice(0, 59)}…` : plain}`;
}

/**
 * The commands of steps that ran under `sh -x`, each with the time until the next one began or the step ended.
 * @param output of `docker buildx build --progress rawjson`
 */
export function tracedCommands(output: string): TracedCommand[] {
  const begun = new Map<string, { command: string; at: number }[]>();
  const ended = new Map<string, number>();
  // A line may come in several pieces; it began with the first one.
  const pieces = new Map<string, { text: string; at: number }>();
  for (const { vertexes = [], logs = [] } of progressOf(output)) {
    for (const { digest, completed } of vertexes) if (completed) ended.set(digest, Date.parse(completed));
    for (const { vertex, data, timestamp } of logs) {
      const at = Date.parse(timestamp);
      const before = pieces.get(vertex) ?? { text: '', at };
      const lines = (before.text + Buffer.from(data, 'base64').toString('utf8')).split('\n');
      const rest = lines.pop() ?? '';
      for (const [index, line] of lines.entries()) {
        if (!line.startsWith('+ ')) continue;
        const list = begun.get(vertex) ?? [];
        list.push({ command: line.slice(2).trim(), at: index === 0 && before.text !== '' ? before.at : at });
        begun.set(vertex, list);
      }
      pieces.set(vertex, { text: rest, at: lines.length === 0 && before.text !== '' ? before.at : at });
    }
  }
  return [...begun].flatMap(([vertex, commands]) =>
    commands.map(({ command, at }, index) => {
      const end = commands[index + 1]?.at ?? ended.get(vertex) ?? at;
      return { command: command.slice(0, 100), seconds: Math.max(0, (end - at) / 1000) };
    }),
  );
}

const secondsBetween = (start: string, end: string): number => (Date.parse(end) - Date.parse(start)) / 1000;
