import { posix } from 'node:path';
import { EXTRA_FILE } from './install-commands.ts';
import type { InstallPlan } from './plan.ts';

/** What `docker/compare_images.py` adds to a dependency file of its copy, so that the requirements are installed again. */
export interface DependencyChange {
  /** Relative to the build context; mounted into the RUN that installs production. */
  file: string;
  /** One more requirement; where it needs a resolver or hashes, what says nothing in the file's format. */
  kind: 'requirement' | 'comment' | 'whitespace';
}

/** A comment starts with `#` and may be the last line. */
const COMMENTED = /(\.(toml|txt|in|cfg|py|lock)|^Pipfile)$/;
/** A lock counts before what it was made of. */
const LOCK = /(\.lock|pylock[^/]*\.toml)$/;

type Dependencies = Pick<
  InstallPlan,
  'manager' | 'hashed' | 'productionFile' | 'productionMounts' | 'extraRequirements'
>;

/** The smallest change of dependencies that can be made without a resolver; null where there is no file for one. */
export function dependencyChange(install: Dependencies): DependencyChange | null {
  if (install.manager === 'requirements' && install.productionFile !== null && !install.hashed)
    return { file: install.productionFile, kind: 'requirement' };
  if (install.extraRequirements.length > 0) return { file: EXTRA_FILE, kind: 'requirement' };
  const files = install.productionMounts;
  const file = files.find((path) => LOCK.test(path)) ?? install.productionFile ?? files[0];
  if (file === undefined || !files.includes(file)) return null;
  if (posix.basename(file) === 'Pipfile.lock') return { file, kind: 'whitespace' };
  return COMMENTED.test(posix.basename(file)) ? { file, kind: 'comment' } : null;
}
