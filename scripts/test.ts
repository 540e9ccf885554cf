/**
 * `npm test`: types, lint, format, build and every test that this machine can run. Tests that need a Docker engine
 * run where one answers (`npm run engine` sets one up) and are otherwise reported by name.
 * With BACKENDAI_ALLOW_NO_SKIP=1 a skipped test fails the run.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface JsonReport {
  numPassedTests: number;
  numFailedTests: number;
  numFailedTestSuites: number;
  testResults: { name: string; assertionResults: { status: string; fullName: string }[] }[];
}

function step(name: string, command: string, args: string[]): void {
  console.log(`\n== ${name}`);
  const { status } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) {
    console.error(`${name} failed.`);
    process.exit(1);
  }
}

step('Types', 'tsc', ['--noEmit']);
step('Lint', 'oxlint', ['--type-aware', '--deny-warnings']);
step('Format', 'prettier', ['--check', '--log-level', 'warn', '.']);
step('Build', process.execPath, ['scripts/build.ts']);

console.log('\n== Tests');
const folder = mkdtempSync(join(tmpdir(), 'backendai-docker-test-'));
const reportFile = join(folder, 'report.json');
const { status } = spawnSync(
  'vitest',
  [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit', shell: process.platform === 'win32' },
);
const report = JSON.parse(readFileSync(reportFile, 'utf8')) as JsonReport;
rmSync(folder, { recursive: true });

const skipped = report.testResults.flatMap((file) =>
  file.assertionResults
    .filter((test) => test.status !== 'passed' && test.status !== 'failed')
    .map((test) => test.fullName),
);
if (skipped.length > 0) {
  console.log('\nSkipped here:');
  for (const name of skipped) console.log(`  - ${name}`);
  console.log('Tests that need a Docker engine run after: npm run engine');
  console.log('The test of the report in a browser runs where there is Chromium: apt-get install chromium');
}
console.log(`\n${report.numPassedTests} passed, ${report.numFailedTests} failed, ${skipped.length} skipped`);
const skipsFail = process.env['BACKENDAI_ALLOW_NO_SKIP'] === '1' && skipped.length > 0;
if (skipsFail) console.error('Nothing may be skipped here.');
process.exitCode = status !== 0 || skipsFail || report.numPassedTests === 0 ? 1 : 0;
