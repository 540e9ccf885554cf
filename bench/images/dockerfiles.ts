import type { BenchProject } from './projects.ts';

export const BASE_IMAGE = 'python:3.11-slim-trixie';

/** The server's command, the same in every image. */
export const serverCommand = (project: Pick<BenchProject, 'package'>): string[] => [
  'gunicorn',
  '--bind',
  '0.0.0.0:8000',
  '--workers',
  '2',
  `${project.package}.wsgi:application`,
];

/**
 * Package caches that are as full as those of the generated Dockerfile: without them the naive builds would download
 * all that ours find in a cache, and each of their figures would be worse. pip gets a folder of wheels, because its own
 * cache keeps nothing where an index forbids it.
 */
const APT_CACHE =
  '--mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \\\n    rm -f /etc/apt/apt.conf.d/docker-clean && ';
const wheels = ({ name }: BenchProject): string =>
  `--mount=type=cache,id=bench-wheels-${name},target=/wheels`;
const pipInstall = (project: BenchProject, cached: boolean): string =>
  cached ? `${wheels(project)} PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels pip install` : 'pip install';

/** Small packages of pure Python that no project has: a new requirement for each variant and turn. */
export const REQUIREMENTS = [
  ...['blinker==1.9.0', 'boltons==25.0.0', 'cachetools==5.5.2', 'colorama==0.4.6', 'decorator==5.2.1'],
  ...['humanize==4.12.3', 'inflection==0.5.1', 'iniconfig==2.1.0', 'more-itertools==10.7.0'],
  ...['ordered-set==4.1.0', 'parse==1.20.2', 'pluggy==1.6.0', 'shortuuid==1.0.13'],
  ...['sortedcontainers==2.4.0', 'tabulate==0.9.0', 'termcolor==3.1.0', 'text-unidecode==1.3'],
  ...['toml==0.10.2', 'mypy-extensions==1.1.0', 'xmltodict==0.14.2', 'zipp==3.23.0'],
];
export const TURNS = 3;

/**
 * Fills the folder of wheels, unless an earlier run has.
 * @param turn makes this build different from each one before; `--no-cache` would begin with an empty folder
 */
export const wheelsDockerfile = (project: BenchProject, turn: string): string => `FROM ${BASE_IMAGE}
COPY requirements.txt .
RUN ${wheels(project)} echo ${turn} && wanted="-r requirements.txt ${REQUIREMENTS.join(' ')}" \\
    && { pip download --quiet --no-index --find-links /wheels --dest /tmp/wheels $wanted \\
    || pip download --quiet --find-links /wheels --dest /wheels $wanted; }
`;

/**
 * What the seed document calls "before".
 * @param cached with the package caches; without: word for word
 */
export const naiveDockerfile = (project: BenchProject, cached: boolean): string => `FROM ${BASE_IMAGE}
WORKDIR /app
RUN ${cached ? APT_CACHE : ''}apt-get update && apt-get install -y build-essential git wget
COPY . .
RUN ${pipInstall(project, cached)} -r requirements.txt
EXPOSE 8000
CMD ${JSON.stringify(serverCommand(project))}
`;

/** What the seed document calls "after": two stages, `pip install --prefix`, chosen folders. */
export const seedDockerfile = (project: BenchProject, cached: boolean): string => {
  const clean = cached ? '' : ' && rm -rf /var/lib/apt/lists/*';
  const apt = cached ? APT_CACHE : '';
  return `FROM ${BASE_IMAGE} AS builder
RUN ${apt}apt-get update && apt-get install -y build-essential git wget${clean}
COPY requirements.txt .
RUN ${pipInstall(project, cached)} --prefix=/install -r requirements.txt

FROM ${BASE_IMAGE} AS production
RUN ${apt}apt-get update && apt-get install -y libpq5 libgomp1${clean}
RUN useradd --create-home app
COPY --from=builder /install /usr/local
WORKDIR /app
COPY manage.py .
${project.folders.map((folder) => `COPY ${folder} ./${folder}`).join('\n')}
USER app
EXPOSE 8000
CMD ${JSON.stringify(serverCommand(project))}
`;
};

/** The .dockerignore that the seed document describes. */
export const SEED_DOCKERIGNORE = '.git\n**/__pycache__\ntesting_apps\n*.md\n.env\n';

/** No package cache: a cold build begins without it, as `--no-cache` has it, and later ones find what that left. */
const BYTECODE_CACHE = '/root/.cache/bytecode';

const UV_CACHE = '/root/.cache/uv';
const CACHE_FOLDERS = ['/var/cache/apt', '/var/lib/apt', UV_CACHE, '/root/.cache/pip'];
const UV_IMAGE = 'ghcr.io/astral-sh/uv';

/** Steps that are cached fetch nothing, and others may have emptied the caches since: their timed builds would download. */
const EMPTY_CACHE =
  'There is no $cache, though the images were built: the builds are cached from an earlier run, the packages no more. Run docker builder prune --all, then this again.';

/**
 * An image with what the caches of earlier builds hold, because `--no-cache` begins with empty ones.
 * @param turn makes this build different from each one before
 * @param uvImage the image of uv that the generated Dockerfile takes, if it does
 */
export function cachesDockerfile(project: BenchProject, turn: string, uvImage: string | null): string {
  const mounts = [wheels(project), ...CACHE_FOLDERS.map((folder) => `--mount=type=cache,target=${folder}`)];
  const uv =
    uvImage === null ? '' : `--mount=type=bind,from=${uvImage},source=/uv,target=/usr/local/bin/uv \\\n    `;
  const fetch =
    uvImage === null
      ? ''
      : ` \\\n    && UV_LINK_MODE=copy uv pip install --quiet --target /tmp/one ${REQUIREMENTS.join(' ')}`;
  const copies = [...CACHE_FOLDERS, '/wheels'].map(
    (folder) => ` \\\n    && mkdir -p /caches${folder} && cp -a ${folder}/. /caches${folder}/`,
  );
  const filled = ['/var/cache/apt/archives/*.deb', ...(uvImage === null ? [] : [`${UV_CACHE}/archive-v0/*`])];
  return `FROM ${BASE_IMAGE} AS fill
RUN ${mounts.join(' \\\n    ')} \\\n    ${uv}echo ${turn} \\
    && for cache in ${filled.join(' ')}; do test -e "$cache" || { echo "${EMPTY_CACHE}" >&2; exit 1; }; done${fetch}${copies.join('')}
FROM scratch
COPY --from=fill /caches /caches
`;
}

/**
 * Reads each folder of the caches' image once. BuildKit hashes what a mount takes from an image, which it does not for a
 * cache: the first build that is timed would pay for all.
 */
export const readCachesDockerfile = (project: BenchProject, image: string): string => `FROM ${BASE_IMAGE}
RUN ${[...CACHE_FOLDERS.map((folder) => `/caches${folder}`), '/caches/wheels']
  .map((folder, place) => `--mount=type=bind,from=${image},source=${folder},target=/read/${place},rw`)
  .join(' \\\n    ')} \\\n    echo ${project.name}
`;

/** The image of uv in a generated Dockerfile. */
export const uvImageOf = (dockerfile: string): string | null =>
  new RegExp(`from=(${UV_IMAGE}:[^,\\s]+)`).exec(dockerfile)?.[1] ?? null;

/** The same Dockerfile with the contents of an image in place of each cache; what is written to them is dropped. */
export const withCachesOf = (dockerfile: string, image: string): string =>
  dockerfile.replaceAll(
    /type=cache(?:,id=[^,\s]+)?,target=([^,\s]+)(?:,sharing=\w+)?/g,
    (mount, target: string) =>
      target === BYTECODE_CACHE
        ? mount
        : `type=bind,from=${image},source=/caches${target},target=${target},rw`,
  );

/** The same Dockerfile whose commands in a stage are printed, each as it begins. */
export const withTrace = (dockerfile: string, stage: string): string =>
  dockerfile.replace(new RegExp(`^FROM .* AS ${stage}$`, 'mi'), '$&\nSHELL ["/bin/sh", "-xc"]');
