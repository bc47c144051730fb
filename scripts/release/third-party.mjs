// The sources of zlib and bzip2 that prebuilt binaries are compiled from and that the package carries for those who
// compile it themselves: as Debian distributes them, the same bytes as upstream's.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, run } from './support.mjs';

const POOL = 'http://deb.debian.org/debian/pool/main';
const SOURCES = [
  {
    name: 'zlib',
    url: `${POOL}/z/zlib/zlib_1.3.dfsg+really1.3.1.orig.tar.gz`,
    sha256: '60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb',
  },
  {
    name: 'bzip2',
    url: `${POOL}/b/bzip2/bzip2_1.0.8.orig.tar.gz`,
    sha256: 'ab5a03176ee106d3f0fa90e381da478ddae405918153cca248e682cd0c4a2269',
  },
];

/** What of each is compiled, or has to accompany it. */
export const THIRD_PARTY_FILES = /^[^/]+\.(c|h)$|^LICENSE$|^README$/;

/** The folder with `zlib/` and `bzip2/`, fetched where it is missing. */
export async function thirdPartySources() {
  const folder = join(CACHE, 'third-party');
  for (const { name, url, sha256 } of SOURCES) {
    const place = join(folder, name);
    if (existsSync(join(place, '.complete')) && readFileSync(join(place, '.complete'), 'utf8') === sha256) continue;
    rmSync(place, { recursive: true, force: true });
    const unpacked = `${place}.part`;
    rmSync(unpacked, { recursive: true, force: true });
    mkdirSync(unpacked, { recursive: true });
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    const found = createHash('sha256').update(bytes).digest('hex');
    if (found !== sha256) throw new Error(`${url}: expected the SHA-256 ${sha256}, found ${found}`);
    writeFileSync(join(unpacked, 'source.tar.gz'), bytes);
    run('tar', ['-xzf', 'source.tar.gz', '--strip-components=1'], { cwd: unpacked });
    rmSync(join(unpacked, 'source.tar.gz'));
    writeFileSync(join(unpacked, '.complete'), sha256);
    renameSync(unpacked, place);
  }
  return folder;
}
