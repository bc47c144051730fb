// What other people's programs read of our files, against torch.load of the file that was converted.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { NASBench201API } from 'nas-bench-201';
import { describe, expect, it } from 'vitest';
import { convert } from '../src/index.js';
import {
  BENCHMARKS,
  findPython,
  IRREGULAR,
  itWith,
  pythonEnvironment,
  temporaryFolder,
  V1_1,
} from './support/files.js';

const folder = temporaryFolder();
const script = fileURLToPath(new URL('support/formats.py', import.meta.url));
const PROTO = fileURLToPath(new URL('../proto/', import.meta.url));

function has(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
const protoc = has('protoc');
const python = findPython('torch');
const withArrow = findPython('torch, pyarrow');
const withProtobuf = findPython('torch, google.protobuf');

async function converted(file: string, extension: string): Promise<string> {
  const to = join(folder, `${basename(file)}.${extension}`);
  await convert(file, to, { force: true });
  return to;
}

const FILES = [V1_1, join(BENCHMARKS, 'NAS-Bench-201-v1_0-1ce61b.pth'), IRREGULAR];

describe("Python's readers find what torch.load finds in the original", () => {
  const readers: [formats: string[], there: unknown, what: string][] = [
    [['jsonl', 'json'], python, 'python3 with torch'],
    [['parquet', 'arrow'], withArrow, 'python3 with torch and pyarrow (npm run setup -- --tests)'],
    [['pb'], protoc && withProtobuf, 'protoc and python3 with torch and protobuf (npm run setup -- --tests)'],
  ];
  for (const [formats, there, what] of readers) {
    if (!there) itWith(there, what, formats.join(', '), () => {});
  }
  const formats = readers.flatMap(([names, there]) => (there ? names : []));
  for (const file of FILES) {
    itWith(python, 'python3 with torch', `${basename(file)} as ${formats.join(', ')}`, async () => {
      const pb2 = join(folder, 'pb2');
      mkdirSync(pb2, { recursive: true });
      if (formats.includes('pb')) {
        execFileSync('protoc', [`--proto_path=${PROTO}`, `--python_out=${pb2}`, 'nas_bench_201.proto']);
      }
      const args = [script, file];
      for (const format of formats) {
        args.push(`${format}=${await converted(file, format)}${format === 'pb' ? `=${pb2}` : ''}`);
      }
      const out = execFileSync(withArrow ?? python!, args, { env: pythonEnvironment, maxBuffer: 1 << 26 }).toString();
      const found = JSON.parse(out) as Record<string, { compared: number; wrong: string[] }>;
      expect(Object.keys(found)).toEqual(formats);
      for (const [format, { compared, wrong }] of Object.entries(found)) {
        expect(wrong, format).toEqual([]);
        expect(compared, format).toBeGreaterThan(4000);
      }
    });
  }
});

describe('protoc', () => {
  itWith(protoc, 'protoc (npm run setup -- --tests)', 'decodes a whole file by the description', async () => {
    const file = openSync(await converted(V1_1, 'pb'), 'r');
    const args = [`--proto_path=${PROTO}`, '--decode=nas_bench_201.Benchmark', 'nas_bench_201.proto'];
    const text = execFileSync('protoc', args, { stdio: [file, 'pipe', 'pipe'], maxBuffer: 1 << 28 }).toString();
    closeSync(file);
    const api = await NASBench201API.open(V1_1);
    expect(text.match(/^architectures \{/gm)).toHaveLength(5);
    // Nothing that the description does not name: such fields are printed as numbers.
    expect(text).not.toMatch(/^\s*\d+[: ]/m);
    const first = api.queryByIndex(0, 'cifar10', { hp: '200' }).get(777)!.curve('loss')[0];
    expect(text).toContain(`values: ${first}`);
    api.close();
  });
});

describe('DuckDB', () => {
  async function query(sql: string): Promise<unknown[][]> {
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    try {
      const reader = await connection.runAndReadAll(sql);
      return reader.getRowsJS() as unknown[][];
    } finally {
      connection.closeSync();
    }
  }

  it('reads trials and curves as the API has them', async () => {
    const file = await converted(V1_1, 'parquet');
    const api = await NASBench201API.open(V1_1);
    expect(await query(`SELECT count(*), count(DISTINCT index) FROM '${file}'`)).toEqual([[57n, 5n]]);
    const rows = await query(
      `SELECT index, seed, ori_test_acc1es[200], len(ori_test_acc1es), train_losses FROM '${file}'
       WHERE hp = '200' AND dataset = 'cifar10' ORDER BY index, seed`,
    );
    const expected = api.evaluatedIndexes.flatMap((index) =>
      [...api.queryByIndex(index, 'cifar10', { hp: '200' })].map(([seed, trial]) => [
        index,
        BigInt(seed),
        trial.curve('accuracy', 'ori-test')[199],
        200,
        Array.from(trial.curve('loss')),
      ]),
    );
    expect(rows.map((row) => row.map((cell, i) => (i === 3 ? Number(cell) : cell)))).toEqual(expected);
    api.close();
  });

  it('reads missing epochs as NULL, and keeps NaN and -0.0', async () => {
    const file = await converted(IRREGULAR, 'parquet');
    const nan = await query(`SELECT train_losses[12] FROM '${file}' WHERE index = 8 AND hp = '200'
       AND dataset = 'cifar10-valid' AND seed = 888`);
    expect(nan).toEqual([[Number.NaN]]);
    const zero = await query(
      `SELECT train_losses[6] FROM '${file}' WHERE index = 30 AND hp = '200' AND dataset = 'cifar10'`,
    );
    expect(Object.is(zero[0]![0], -0)).toBe(true);
    const old = await converted(FILES[1]!, 'parquet');
    const last = await query(`SELECT x_test_acc1es[1], x_test_acc1es[200] IS NOT NULL, train_times FROM '${old}'
       WHERE index = 5 AND hp = '200' AND dataset = 'cifar100'`);
    expect(last).toEqual([[null, true, null]]);
  });

  it('reads a summary in Parquet and in CSV alike', async () => {
    const [table, text] = [join(folder, 'summary.parquet'), join(folder, 'summary.csv')];
    await convert(V1_1, table, { summary: true });
    await convert(V1_1, text);
    const [a, b] = [
      await query(`SELECT index, hp, dataset, train_loss, x_test_accuracy FROM '${table}' ORDER BY ALL`),
      await query(
        `SELECT index::INTEGER, hp, dataset, train_loss, x_test_accuracy FROM read_csv('${text}', types={'hp': 'VARCHAR'}) ORDER BY ALL`,
      ),
    ];
    expect(a).toHaveLength(40);
    expect(b).toEqual(a);
  });
});
