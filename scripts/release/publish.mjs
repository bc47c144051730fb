// Publishes what stage.mjs has packed, in its order: platforms first, so that no parent is there without them. Run again
// after a failure, it goes on with what is not there yet.
//   node scripts/release/publish.mjs [npm's options]      --dry-run, or --provenance=false --registry http://localhost:4873
import { join } from 'node:path';
import { CACHE, readJson, run } from './support.mjs';

const PACKAGES = join(CACHE, 'packages');
const options = process.argv.slice(2);

function isPublished(name, version) {
  try {
    return (
      run('npm', ['view', `${name}@${version}`, 'version', ...options], {
        stdio: ['ignore', 'pipe', 'pipe'],
      }).trim() === version
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
  run('npm', ['publish', join(PACKAGES, tarball), '--access', 'public', ...options], { stdio: 'inherit' });
}
