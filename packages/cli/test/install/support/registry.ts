import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

interface Packed {
  name: string;
  version: string;
  tarball: string;
  manifest: object;
}

/**
 * A registry with what was packed, and nothing else: package managers ask it for what begins with `@nas-bench-201/`.
 */
export async function serveRegistry(
  folder: string,
  packed: readonly Packed[],
): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/').slice(1);
    const found = packed.find(({ name }) => name === path);
    const file = join(folder, path);
    if (found) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(packument(url, folder, found)));
    } else if (packed.some(({ tarball }) => tarball === path) && existsSync(file)) response.end(readFileSync(file));
    else response.writeHead(404).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, close: () => server.close() };
}

/** What a registry says of a package. */
function packument(url: string, folder: string, { name, version, tarball, manifest }: Packed) {
  const file = join(folder, tarball);
  // Of another platform: listed as it would be, and never fetched.
  const integrity = existsSync(file)
    ? `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`
    : 'sha512-none';
  return {
    name,
    'dist-tags': { latest: version },
    versions: {
      [version]: { ...manifest, _id: `${name}@${version}`, dist: { tarball: `${url}/${tarball}`, integrity } },
    },
  };
}
