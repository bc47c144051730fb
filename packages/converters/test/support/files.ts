import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, it } from 'vitest';
import { findPython as findAnyPython } from '../../../../test-fixtures/python.mjs';
import { type Difference, differences, openBenchmark } from '../../src/index.js';

export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
export const BENCHMARKS = join(ROOT, 'test-fixtures/benchmark');
export const REFERENCES = join(ROOT, '.cache/reference');
export const SHARED = join(ROOT, '../shared');

/** Every benchmark among the fixtures, and real records where they are at hand. */
export const FIXTURES = [
  'NAS-Bench-201-v1_1-b134ee.pth',
  'NAS-Bench-201-v1_0-1ce61b.pth',
  'instances.pth',
  'irregular.pth',
  'irregular-zip.pth',
  'v1_1-zip.pth',
  'v1_1-protocol0.pkl',
  'v1_1-protocol1.pkl',
  'v1_1-protocol2.pkl',
  'v1_1-protocol3.pkl',
  'v1_1-protocol4.pkl',
  'v1_1-protocol4.pickle.pbz2',
  'v1_1-protocol5.pkl',
  'NATS-tss-v1_0-small.pickle.pbz2',
  'NATS-tss-v1_0-small-simple',
  'NATS-sss-v1_0-small-simple',
].map((name) => join(BENCHMARKS, name));
export const V1_1 = FIXTURES[0]!;
export const IRREGULAR = join(BENCHMARKS, 'irregular.pth');
export const REAL = ['NATS-tss-v1_0-3ffb9-simple', 'NATS-sss-v1_0-50262-simple'].map((name) =>
  join(SHARED, 'real', name),
);

/** A folder for one file of tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nb201-convert-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A Python that can import all of these, with pyarrow from where the set-up put it. */
export const findPython = (modules: string): string | undefined => findAnyPython(modules, pythonEnvironment);

export const pythonEnvironment = { ...process.env, PYTHONPATH: join(REFERENCES, 'pyarrow') };

/** A test that needs something which may be absent: skipped aloud where it is. */
export function itWith(there: unknown, what: string, name: string, test: () => Promise<void> | void): void {
  if (there) {
    it(name, test);
  } else {
    console.warn(`SKIPPED, because there is no ${what}: ${name}`);
    it.skip(`${name} (needs ${what})`, () => {});
  }
}

/** The first differences between two benchmarks. */
export async function differencesOf(a: string, b: string, most = 5): Promise<Difference[]> {
  const [first, second] = [await openBenchmark(a), await openBenchmark(b)];
  try {
    const found: Difference[] = [];
    for await (const difference of differences(first, second)) if (found.push(difference) === most) break;
    return found;
  } finally {
    first.close();
    second.close();
  }
}

export { existsSync };
