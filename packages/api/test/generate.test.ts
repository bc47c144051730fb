// A benchmark is made step by step. Truth are the reference's own scripts: the runs in test-fixtures/runs are theirs, and
// so are the answers on the file that they made of them.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPython } from '../../../test-fixtures/python.mjs';
import {
  describeFile,
  generateMeta,
  type MergedBenchmark,
  mergeBenchmark,
  NASBench201API,
  openArchitecture,
  readTorch,
} from '../src/index.js';
import { type Answers, Asker, FIXTURES, readAnswers } from './support/ask.js';
import { wrongAnswers } from './support/compare.js';

const RUNS = join(FIXTURES, 'runs');
const SIZE = { C: 1, N: 1 } as const;
const REFERENCE = fileURLToPath(new URL('../../../.cache/reference/nas-bench-201-2.1', import.meta.url));
const COMPARE = join(FIXTURES, 'scripts', 'compare_with_reference.py');

const python = findPython('torch, numpy');
const missing = [
  !python && 'a python3 with torch and numpy',
  !existsSync(REFERENCE) && `the reference (${REFERENCE}; npm run setup -- --tests gets it)`,
].filter(Boolean);
if (missing.length)
  console.warn(`SKIPPED where the reference itself is asked, because there is no ${missing.join(', no ')}`);
const itLive = it.skipIf(missing.length > 0);

const scratch = mkdtempSync(join(tmpdir(), 'nb201-generate-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

type Run = Map<string, Map<string, unknown>>;

let folders = 0;
/** The reference's runs, in a folder of their own. */
async function runsFolder({ latencies = true } = {}): Promise<string> {
  const folder = join(scratch, String(folders++));
  await generateMeta(folder);
  for (const name of readdirSync(RUNS)) {
    if (name.includes('C1-N1')) cpSync(join(RUNS, name), join(folder, name), { recursive: true });
  }
  if (latencies) writeLatencies(folder);
  return folder;
}

function writeLatencies(folder: string): void {
  mkdirSync(join(folder, 'latency-C1-N1'));
  const latencies = JSON.parse(readFileSync(join(RUNS, 'latencies.json'), 'utf8')) as Record<string, object>;
  for (const [index, seconds] of Object.entries(latencies)) {
    writeFileSync(join(folder, 'latency-C1-N1', `${index.padStart(6, '0')}.json`), JSON.stringify(seconds));
  }
}

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

describe('the list of architectures', () => {
  const folder = join(scratch, 'meta');
  const truth = JSON.parse(readFileSync(join(RUNS, 'meta.json'), 'utf8')) as {
    texts: Record<string, string>;
    meta: string;
  };
  beforeAll(() => generateMeta(folder));

  it('comes with the lists of commands of the reference, byte for byte', () => {
    const texts = Object.keys(truth.texts).map((name) => [name, sha256(readFileSync(join(folder, name)))]);
    expect(Object.fromEntries(texts)).toEqual(truth.texts);
    expect(readdirSync(folder).sort()).toEqual([...Object.keys(truth.texts), 'meta-node-4.pth'].sort());
  });

  it('is what the reference writes: architectures, their number, nodes and the split of CIFAR-10', async () => {
    const meta = (await readTorch(join(folder, 'meta-node-4.pth'))) as Map<string, never>;
    expect([...meta.keys()]).toEqual(['archs', 'total', 'max_node', 'splits']);
    const splits = Object.fromEntries(
      [...(meta.get('splits')! as Map<number, Map<string, number[]>>)].map(([n, halves]) => [
        n,
        Object.fromEntries(halves),
      ]),
    );
    expect(sha256(JSON.stringify([meta.get('archs'), meta.get('total'), meta.get('max_node'), splits]))).toBe(
      truth.meta,
    );
  });

  itLive('is read by torch as what the reference writes', () => {
    const program = `
import hashlib, json, sys, torch
info = torch.load(sys.argv[1])
listed = json.dumps([info[k] for k in ('archs', 'total', 'max_node', 'splits')], separators=(',', ':'))
print(hashlib.sha256(listed.encode()).hexdigest())`;
    const out = execFileSync(python!, ['-c', program, join(folder, 'meta-node-4.pth')], { encoding: 'utf8' });
    expect(out.trim()).toBe(truth.meta);
  });

  it('is not written over another', async () => {
    await expect(generateMeta(folder)).rejects.toMatchObject({ code: 'EXISTS' });
  });
});

describe("the reference's runs, collected and merged", () => {
  // The reference puts the sets in the order of a Python set, another one in each process.
  const inOrder = (text: string) =>
    text
      .replaceAll('[x-valid, ori-test]', '[ori-test, x-valid]')
      .replaceAll('[x-valid, x-test, ori-test]', '[ori-test, x-valid, x-test]');
  const text = readFileSync(join(RUNS, 'answers.json'), 'utf8');
  const theirs = (JSON.parse(text) as Answers).answers;
  const { answers } = JSON.parse(inOrder(text)) as Answers;
  let folder: string;
  let merged: MergedBenchmark;
  beforeAll(async () => {
    folder = await runsFolder();
    merged = await mergeBenchmark(folder, SIZE);
  });

  const asked = async (path: string, expected = answers) => wrongAnswers(new Asker(path, { sideCar: false }), expected);

  it("answer as the file that the reference's scripts made of them", async () => {
    expect(merged).toMatchObject({ architectures: 2, ranges: 1, problems: [] });
    expect(merged.path).toBe(join(folder, `NAS-Bench-201-v1_1-${merged.md5.slice(-6)}.pth`));
    expect(await asked(merged.path)).toEqual([]);
  });

  itLive('answer the reference as they answer us', async () => {
    const out = join(scratch, 'answers.json');
    execFileSync(python!, [COMPARE, merged.path, out, '--reference', REFERENCE, '--questions', '150'], {
      stdio: 'ignore',
    });
    const live = readAnswers(out).answers;
    expect(live.length).toBeGreaterThan(150);
    expect(await wrongAnswers(new Asker(merged.path, { sideCar: false }), live)).toEqual([]);
  });

  itLive('can be merged by the reference: what was collected are instances of its classes', () => {
    const program = `
import sys, torch
sys.path.insert(0, sys.argv[1])
found = torch.load(sys.argv[2])
assert found['basestr'] == 'C1-N1' and found['total_archs'] == len(found['meta_archs']) == 15625
assert found['evaluated_indexes'] == {6, 17}
found['arch2infos'] = {i: {hp: arch.state_dict() for hp, arch in infos.items()} for i, infos in found['arch2infos'].items()}
torch.save(found, sys.argv[3])`;
    const collected = join(folder, 'simplifies', '000000-000389-C1-N1.pth');
    const again = join(scratch, 'merged-by-the-reference.pth');
    execFileSync(python!, ['-c', program, REFERENCE, collected, again]);
    return asked(again).then((wrong) => expect(wrong).toEqual([]));
  });

  it('can be collected by the reference, and merged here', async () => {
    const collection = join(scratch, 'theirs');
    await generateMeta(collection);
    mkdirSync(join(collection, '000000-000389-C1-N1'));
    mkdirSync(join(collection, 'simplifies'));
    const collected = gunzipSync(readFileSync(join(RUNS, 'collected.pth.gz')));
    writeFileSync(join(collection, 'simplifies', '000000-000389-C1-N1.pth'), collected);
    const { path, architectures } = await mergeBenchmark(collection, SIZE);
    expect(architectures).toBe(2);
    expect(await asked(path, theirs)).toEqual([]);
  });

  it('leave each architecture a file with its weights, as they were in the runs', async () => {
    const results = await openArchitecture(join(folder, 'simplifies', 'architectures', '000017-FULL.pth'));
    const weights = results.get('200')!.query('cifar100', 888).getNetParam() as Map<string, { data: Float32Array }>;
    const run = (await readTorch(join(RUNS, '000000-000389-C1-N1', 'arch-000017-seed-0888.pth'))) as unknown as Run;
    const trained = run.get('cifar100')!.get('net_state_dict') as typeof weights;
    expect([...weights.keys()]).toEqual([...trained.keys()]);
    for (const [name, tensor] of trained) expect(weights.get(name)!.data).toEqual(tensor.data);
  });

  it('are of networks of one channel and one cell, whose recorded costs are right', async () => {
    const warnings: string[] = [];
    const onWarning = (message: string) => warnings.push(message);
    using api = await NASBench201API.open(merged.path, { sideCar: false, onWarning });
    for (const index of [6, 17]) {
      for (const dataset of ['cifar10', 'cifar100'] as const) {
        expect(api.getCostInfo(index, dataset, { hp: '200' }).params).toBeLessThan(0.02);
        expect(api.costWarning(index, dataset, { hp: '200' })).toBeNull();
      }
    }
    expect(warnings).toEqual([]);
    expect((await describeFile(merged.path)).problems).toEqual([]);
  });

  it('give the same file again, and are not collected twice', async () => {
    const seen: number[] = [];
    const simple = join(folder, 'simplifies', 'architectures', '000006-SIMPLE.pth');
    const before = readFileSync(simple);
    const again = await mergeBenchmark(folder, { ...SIZE, onArchitecture: (index) => seen.push(index) });
    expect(again).toEqual(merged);
    expect(readFileSync(simple)).toEqual(before);
  });
});

describe('runs that cannot be merged', () => {
  it('one that is damaged leaves its architecture out, and is named', async () => {
    const folder = await runsFolder();
    const run = join(folder, '000000-000389-C1-N1', 'arch-000006-seed-0888.pth');
    writeFileSync(run, readFileSync(run).subarray(0, 60_000));
    const { architectures, problems } = await mergeBenchmark(folder, SIZE);
    expect(architectures).toBe(1);
    expect(problems).toEqual([{ index: 6, message: expect.stringContaining(run) as string }]);
  });

  it('without the run that times come from, unless those that were measured will do', async () => {
    const folder = await runsFolder({ latencies: false });
    rmSync(join(folder, '000000-000389-C1-N1-LESS', 'arch-000017-seed-0777.pth'));
    const { problems } = await mergeBenchmark(folder, SIZE);
    expect(problems).toEqual([
      { index: 17, message: expect.stringMatching(/12 epochs on cifar10-valid.*--times measured/) as string },
    ]);
    const measured = await mergeBenchmark(folder, { ...SIZE, times: 'measured', force: true });
    expect(measured).toMatchObject({ architectures: 2, problems: [] });
    const { api } = await opened(measured.path);
    const run = (await readTorch(join(RUNS, '000000-000389-C1-N1', 'arch-000017-seed-0777.pth'))) as unknown as Run;
    const times = run.get('cifar100')!.get('train_times');
    expect(api.queryByIndex(17, 'cifar100', { hp: '200' }).get(777)!.trainTimes).toEqual(times);
    expect(api.getLatency(17, 'cifar100', { hp: '200' })).toBeNull();
    api.close();
  });

  it('in folders that have architectures in common, or in none', async () => {
    const folder = await runsFolder();
    mkdirSync(join(folder, '000100-000500-C1-N1'));
    await expect(mergeBenchmark(folder, SIZE)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(mergeBenchmark(folder, { C: 4, N: 1 })).rejects.toMatchObject({ code: 'NO_TRIALS' });
    await expect(mergeBenchmark(join(scratch, 'nowhere'))).rejects.toMatchObject({ code: 'NO_META' });
  });
});

async function opened(path: string): Promise<Asker> {
  const asker = new Asker(path, { sideCar: false });
  await asker.ask({ call: 'open', args: {} });
  return asker;
}
