// Publishes what stage.mjs has packed, in its order: platforms first, so that no parent is there without them. Run again
// after a failure, it goes on with what is not there yet.
//   node scripts/release/publish.mjs [--dry-run]
import { join } from 'node:path';
import { CACHE, readJson, run } from './support.mjs';

const PACKAGES = join(CACHE, 'packages');
const dryRun = process.argv.includes('--dry-run');

function isPublished(name, version) {
  try {
    return (
      run('npm', ['view', `${name}@${version}`, 'version'], { stdio: ['ignore', 'pipe', 'pipe'] }).trim() === version
    );
  } catch (error) {
    if (/E404/.test(error.message)) return false;
    throw error;
  }
}

for (const { name, version, tarball } of readJson(join(PACKAGES, 'order.json'))) {
  if (isPublished(name, version)) {
    console.log(`${name}@${version} is there already`);
    continue;
  }
  const options = dryRun ? ['--dry-run'] : ['--provenance'];
  run('npm', ['publish', join(PACKAGES, tarball), '--access', 'public', ...options], { stdio: 'inherit' });
}
