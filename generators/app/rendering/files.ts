import { SUPABASE_CA_FILE } from '../planning/environment.ts';
import type { Plan } from '../planning/plan.ts';
import { ENTRY_FILE, OVERLAY_FILE } from '../planning/settings-overlay.ts';

/** One file that the generator can write. */
export interface GeneratedFile {
  /** In `templates/`, relative; always the destination plus `.ejs`. */
  template: string;
  /** In the user's repository, relative to its root. */
  destination: string;
  when(plan: Plan): boolean;
  /** Written only where it is missing and never merged: it holds the user's values. */
  writeOnce: boolean;
  /** What the file is for, for the summary and DOCKER.md. */
  purpose: string;
}

const always = (): boolean => true;

const file = (
  destination: string,
  purpose: string,
  options: { when?: (plan: Plan) => boolean; writeOnce?: boolean } = {},
): GeneratedFile => ({
  template: `${destination}.ejs`,
  destination,
  purpose,
  when: options.when ?? always,
  writeOnce: options.writeOnce ?? false,
});

/** Every file of the generator, in the order of the summary. */
export const GENERATED_FILES: readonly GeneratedFile[] = [
  file('Dockerfile', 'stages builder, development, production'),
  file('.dockerignore', 'what stays out of the build context'),
  file('compose.yaml', 'production: web and what it needs'),
  file('compose.dev.yaml', 'development: debug server, live reload'),
  file('.env.example', 'the variables, each with its meaning'),
  file('.env', 'your values; git-ignored, written once', { writeOnce: true }),
  file('docker/requirements.txt', 'server or driver that the project lacks', {
    when: (plan) => plan.install.extraRequirements.length > 0,
  }),
  file(OVERLAY_FILE, 'settings beside yours', {
    when: (plan) => plan.overlay !== null,
  }),
  file(ENTRY_FILE, 'starts yours with these settings', {
    when: (plan) => plan.wrappedApplication !== null,
  }),
  file('docker/export_requirements.py', 'lists the requirements for the installer', {
    when: ({ install }) => install.exporter?.tool === 'script' || install.exporter?.tool === 'poetry-core',
  }),
  file('docker/gunicorn.conf.py', 'workers from the container’s limits', {
    when: (plan) => plan.server === 'gunicorn',
  }),
  file('docker/healthcheck.py', 'the health check, in plain Python'),
  file('docker/database_checks.py', 'what the two below know of databases'),
  file('docker/migrate_database.py', 'waits, prepares the schema, migrates'),
  file('docker/verify_database.py', 'checks the connection, names causes'),
  file(SUPABASE_CA_FILE, 'Supabase’s certificate authority', {
    when: ({ supabase }) => supabase?.mode.place === 'cloud',
  }),
  file('docker/trim_environment.py', 'removes what no program reads', {
    when: (plan) => plan.trims !== null,
  }),
  file('docker/compile_bytecode.py', 'byte-code, compiled in the build'),
  file('docker/assemble_root.py', 'production’s root, without a shell', {
    when: ({ base }) => base === 'distroless',
  }),
  // Its table has Debian's packages.
  file('docker/find_missing_libraries.py', 'names libraries that are missing', {
    when: ({ base }) => base !== 'alpine',
  }),
  file('docker/verify_image.py', 'checks the built image'),
  file('docker/compare_images.py', 'measures it against the image before'),
  file('docker/image_contents.py', 'reads for it what is in an image'),
  file('docker/image_measurements.py', 'builds and starts for it'),
  file('docker/image_report.py', 'its steps and its tables'),
  file('DOCKER.md', 'the commands for this project'),
  file('SUPABASE_SETUP.md', 'from the dashboard to the first migrate', {
    when: (plan) => plan.database === 'supabase',
  }),
];

/** What is merged at each run, and what a lock may speak of. */
export const OWN_FILES: readonly string[] = GENERATED_FILES.filter((item) => !item.writeOnce).map(
  ({ destination }) => destination,
);
