import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { it } from 'vitest';

/** Real records and tools that are not part of the project (see the README). */
export const SHARED = fileURLToPath(new URL('../../../../../shared/', import.meta.url));

/** A test that needs something which may be absent: skipped aloud where it is. */
export function itWith(path: string, name: string, test: () => Promise<void> | void, timeout?: number): void {
  if (existsSync(path)) {
    it(name, test, timeout);
  } else {
    console.warn(`SKIPPED, because ${path} is missing: ${name}`);
    it.skip(`${name} (needs ${path})`, () => {});
  }
}
