import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { DATASETS, NASBench201API } from 'nas-bench-201';
import { expect, it } from 'vitest';
import { convert } from '../src/index.js';
import { ROOT, temporaryFolder, V1_1 } from './support/files.js';

const folder = temporaryFolder();

it("the README's query finds the best architecture of each data set", async () => {
  const file = join(folder, 'nas-bench-201.parquet');
  await convert(V1_1, file);
  const sql = /```sql\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))![1]!;
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const reader = await connection.runAndReadAll(sql.replace('nas-bench-201.parquet', file));
  const found = reader.getRowsJS() as [string, number, number][];
  connection.closeSync();
  const api = await NASBench201API.open(V1_1);
  expect(found.map(([dataset]) => dataset)).toEqual([...DATASETS].sort());
  for (const [dataset, index, accuracy] of found) {
    const [best, highest] = await api.findBest(dataset as 'cifar10', 'ori-test' as 'test', { hp: '200' });
    expect(index, dataset).toBe(best);
    expect(accuracy).toBeCloseTo(highest!, 10);
  }
  api.close();
});

it("the README's tables are those of the .proto and the columns (npm run document)", () => {
  const script = fileURLToPath(new URL('../scripts/document.mjs', import.meta.url));
  expect(() => execFileSync(process.execPath, [script, '--check'])).not.toThrow();
});
