#!/usr/bin/env node
// Only what every Node with ES modules has may be imported here: an old Node must reach the message below.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (!((major === 22 && minor >= 18) || (major === 24 && minor >= 11) || major > 24)) {
  console.error(
    `backendai-docker needs Node.js 22.18 or newer (22.18+, 24.11+ or later); this is ${process.versions.node}. See https://nodejs.org.`,
  );
  process.exitCode = 1;
} else {
  const { runCommand } = await import('./command.ts');
  process.exitCode = await runCommand(process.argv.slice(2));
}
