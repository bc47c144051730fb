import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPython } from '../../../test-fixtures/python.mjs';
import {
  Archive,
  DATASETS,
  type Dataset,
  describeFile,
  type HpName,
  NASBench201API,
  OrderedDict,
  openArchitecture,
  type PythonValue,
  QueryError,
  ReadError,
  type Tensor,
} from '../src/index.js';
import { BENCHMARKS } from './support/ask.js';

const V1_1 = join(BENCHMARKS, readdirSync(BENCHMARKS).find((name) => name.startsWith('NAS-Bench-201-v1_1'))!);
const FULL = join(BENCHMARKS, 'archive/000000-FULL.pth');

const python = findPython('torch');

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nb201-archive-'));
  for (const name of ['archive', 'NATS-tss-v1_0-small-simple', 'NATS-sss-v1_0-small-simple']) {
    execFileSync('tar', ['-C', BENCHMARKS, '-cf', at(`${name}.tar`), name]);
  }
  execFileSync('split', ['-b', '100000', at('archive.tar'), at('pieces.tar')]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open = (archive?: string) => NASBench201API.open(V1_1, { archive, onWarning() {} });

interface Described {
  name: string;
  dtype: string;
  shape: number[];
  stride: number[];
  offset: number;
  hex: string;
}

function described(stateDict: PythonValue): Described[] {
  expect(stateDict).toBeInstanceOf(OrderedDict);
  return [...(stateDict as Map<string, Tensor>)].map(([name, tensor]) => {
    const { dtype, shape, stride, offset, data } = tensor;
    return {
      name,
      dtype,
      shape,
      stride,
      offset,
      hex: Buffer.from(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength).toString('hex'),
    };
  });
}

describe.skipIf(!python)(`a trial's weights${python ? '' : ' (SKIPPED: there is no python3 with torch)'}`, () => {
  /** By 'hp dataset seed', what torch.load reads of the file of architecture 0. */
  let expected: Map<string, Described[]>;
  beforeAll(() => {
    const program = `
import json, sys, torch
def described(state):
    return [{'name': k, 'dtype': str(t.dtype)[6:], 'shape': list(t.shape), 'stride': list(t.stride()), 'offset': t.storage_offset(),
             'hex': bytes(t.contiguous().reshape(-1).view(torch.uint8).tolist()).hex()} for k, t in state.items()]
file = torch.load(sys.argv[1])
print(json.dumps([['%s %s %d' % ({'less': '12', 'full': '200'}[hp], *key), described(trial['net_state_dict'])]
                  for hp, state in file.items() for key, trial in state['all_results'].items()]))`;
    expected = new Map(JSON.parse(execFileSync(python!, ['-c', program, FULL], { maxBuffer: 2 ** 28 }).toString()));
    expect(expected.size).toBeGreaterThan(10);
  }, 300_000);

  it.each([
    ['a folder', () => join(BENCHMARKS, 'archive')],
    ['a tar archive', () => at('archive.tar')],
    ['an archive in pieces', () => at('pieces.taraa')],
    ['an archive in pieces, by its name', () => at('pieces.tar')],
  ])("out of %s are torch's", async (_, archive) => {
    using api = await open(archive());
    using reloaded = await open();
    await reloaded.reload(archive(), 0);
    for (const [key, tensors] of expected) {
      const [hp, dataset, seed] = key.split(' ') as [HpName, Dataset, string];
      expect(described(reloaded.getNetParam(0, dataset, Number(seed), { hp }) as PythonValue), key).toEqual(tensors);
      // The benchmark's own record may have other trials than the archive's.
      if (!api.seeds(0, dataset, { hp }).includes(Number(seed))) continue;
      expect(described(api.getNetParam(0, dataset, Number(seed), { hp }) as PythonValue), key).toEqual(tensors);
      const trial = api.queryByIndex(0, dataset, { hp }).get(Number(seed))!;
      expect(described(trial.getNetParam())).toEqual(tensors);
    }
  });

  it("of one architecture's file are torch's, by seed where none is asked for", async () => {
    const results = await openArchitecture(FULL);
    for (const [hp, state] of results) {
      for (const dataset of state.getDatasetNames()) {
        const all = state.getNetParam(dataset) as Map<number, PythonValue>;
        expect([...all.keys()]).toEqual(state.getDatasetSeeds(dataset));
        for (const [seed, weights] of all) expect(described(weights)).toEqual(expected.get(`${hp} ${dataset} ${seed}`));
      }
    }
  });

  it("out of NATS-Bench's -full files, which are plain pickles of tensors, are torch's", async () => {
    const program = `
import bz2, collections, pickle, sys, torch
file = torch.load(sys.argv[1])
record = collections.OrderedDict([('12', file['less']), ('200', file['full'])])
with bz2.BZ2File(sys.argv[2], 'wb') as out: pickle.dump(record, out, protocol=4)`;
    mkdirSync(at('NATS-tss-v1_0-small-full'));
    execFileSync(python!, ['-c', program, FULL, at('NATS-tss-v1_0-small-full/000000.pickle.pbz2')]);
    execFileSync('tar', ['-C', folder, '-cf', at('NATS-tss-v1_0-small-full.tar'), 'NATS-tss-v1_0-small-full']);
    const simple = join(BENCHMARKS, 'NATS-tss-v1_0-small-simple');
    let asked = 0;
    for (const path of [at('NATS-tss-v1_0-small-full'), at('NATS-tss-v1_0-small-full.tar')]) {
      using api = await NASBench201API.open(simple, { archive: path });
      for (const [key, tensors] of expected) {
        const [hp, dataset, seed] = key.split(' ') as [HpName, Dataset, string];
        if (!api.seeds(0, dataset, { hp }).includes(Number(seed))) continue;
        asked++;
        expect(described(api.getNetParam(0, dataset, Number(seed), { hp }) as PythonValue), key).toEqual(tensors);
      }
      using archive = await Archive.open(path);
      const results = await openArchitecture(archive.record(0, archive.family)!);
      for (const [key, tensors] of expected) {
        const [hp, dataset, seed] = key.split(' ') as [HpName, Dataset, string];
        expect(described(results.get(hp)!.getNetParam(dataset, Number(seed)) as PythonValue), key).toEqual(tensors);
      }
    }
    expect(asked).toBeGreaterThan(5);
  });

  it('out of an archive are those of all trials, by seed, where none is asked for', async () => {
    using api = await open(at('archive.tar'));
    let asked = 0;
    for (const hp of ['12', '200'] as const) {
      for (const dataset of new Set([...expected.keys()].map((key) => key.split(' ')[1] as Dataset))) {
        const seeds = api.seeds(0, dataset, { hp });
        if (seeds.length === 0 || !seeds.every((seed) => expected.has(`${hp} ${dataset} ${seed}`))) continue;
        const all = api.getNetParam(0, dataset, null, { hp }) as Map<number, PythonValue>;
        expect([...all.keys()]).toEqual(seeds);
        for (const [seed, weights] of all) expect(described(weights)).toEqual(expected.get(`${hp} ${dataset} ${seed}`));
        asked++;
      }
    }
    expect(asked).toBeGreaterThan(2);
  });

  it('of any trial can be had from an archive without a benchmark', async () => {
    using archive = await Archive.open(at('archive.tar'));
    expect(archive.indexes(archive.family)).toEqual([0, 3]);
    const results = await openArchitecture(archive.record(0, archive.family)!);
    const weights = results.get('200')!.getNetParam('cifar10', 888) as PythonValue;
    expect(described(weights)).toEqual(expected.get('200 cifar10 888'));
  });
});

describe('weights that are not there', () => {
  it('are an error that says which archive has them', async () => {
    using api = await open();
    const error = catching(() => api.getNetParam(0, 'cifar10', 888, { hp: '200' }));
    expect(error).toMatchObject({ name: 'QueryError', code: 'NO_WEIGHTS' });
    expect((error as Error).message).toMatch(/000000-FULL\.pth.*archive.*reload/);
    expect(catching(() => api.queryByIndex(0, 'cifar10', { hp: 200 }).get(888)!.getNetParam())).toMatchObject({
      code: 'NO_WEIGHTS',
    });
    expect(catching(() => api.getNetParam(0, 'cifar10', null, { hp: '200' }))).toMatchObject({ code: 'NO_WEIGHTS' });
    using nats = await NASBench201API.open(join(BENCHMARKS, 'NATS-tss-v1_0-small-simple'));
    const natsError = catching(() => nats.getNetParam(1, 'cifar10', null, { hp: '200' })) as Error;
    expect(natsError.message).toMatch(/-full.*000001\.pickle\.pbz2/);
  });

  it('are null once they were cleared here', async () => {
    using api = await open();
    await api.reload(at('archive.tar'), 0);
    expect(api.getNetParam(0, 'cifar10', 888, { hp: '200' })).toBeInstanceOf(Map);
    api.clearParams(0, { hp: '200' });
    expect(api.getNetParam(0, 'cifar10', 888, { hp: '200' })).toBeNull();
    expect(api.getNetParam(0, 'cifar10', 777, { hp: '200' })).toBeNull();
  });

  it('are an error with the name of the file in the archive: missing, or of a trial that it has not', async () => {
    using api = await open(at('archive.tar'));
    expect(catching(() => api.getNetParam(9, 'cifar10', 888, { hp: '200' }))).toMatchObject({
      code: 'NO_FILE',
      message: expect.stringContaining(join(at('archive.tar'), '000009-FULL.pth')),
    });
    // A simple archive of NATS-Bench has no weights either.
    using nats = await NASBench201API.open(join(BENCHMARKS, 'NATS-tss-v1_0-small-simple'), {
      archive: at('NATS-tss-v1_0-small-simple.tar'),
    });
    const seed = nats.seeds(1, 'cifar10', { hp: '200' })[0]!;
    expect(catching(() => nats.getNetParam(1, 'cifar10', seed, { hp: '200' }))).toMatchObject({
      code: 'NO_WEIGHTS',
      message: expect.stringMatching(/small-simple\.tar\/000001\.pickle\.pbz2 has no weights/),
    });
    await expect(api.reload(at('archive.tar'), 9)).rejects.toMatchObject({ code: 'NO_FILE' });
    await expect(api.reload(at('archive.tar'))).rejects.toMatchObject({ code: 'NO_FILE' });
    await expect(api.reload(at('nowhere'), 0)).rejects.toMatchObject({ code: 'NO_FILE' });
  });

  it('are a typed error with the name of the member where the archive is damaged', async () => {
    cpSync(at('archive.tar'), at('damaged.tar'));
    truncateSync(at('damaged.tar'), 300_000);
    const error = await open(at('damaged.tar')).catch((e) => e);
    expect(error).toBeInstanceOf(ReadError);
    expect(error).toMatchObject({ code: 'TRUNCATED', message: expect.stringContaining('000000-FULL.pth') });

    mkdirSync(at('broken/archive'), { recursive: true });
    writeFileSync(at('broken/archive/000000-FULL.pth'), 'no pickle');
    execFileSync('tar', ['-C', at('broken'), '-cf', at('broken.tar'), 'archive']);
    using api = await open(at('broken.tar'));
    const inside = catching(() => api.getNetParam(0, 'cifar10', 888, { hp: '200' }));
    expect(inside).toBeInstanceOf(ReadError);
    expect((inside as ReadError).file).toBe(`${at('broken.tar')}/archive/000000-FULL.pth`);
  });
});

function catching(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

/** Everything that the API answers, errors too. */
function answers(api: NASBench201API): unknown[] {
  const ask = (work: () => unknown) => {
    const answer = catching(work);
    return answer instanceof QueryError ? answer.code : answer;
  };
  const hps: HpName[] = ['01', '12', '90', '200'];
  return [...api.metaArchs.keys()].flatMap((index) =>
    hps.flatMap((hp) =>
      DATASETS.map((dataset) => [
        index,
        ask(() => api.getMoreInfo(index, dataset, { hp, isRandom: false })),
        ask(() => api.getCostInfo(index, dataset, { hp })),
      ]),
    ),
  );
}

describe('a NATS-Bench archive', () => {
  it.each(['NATS-tss-v1_0-small-simple', 'NATS-sss-v1_0-small-simple'])(
    '%s.tar answers as its folder does',
    async (name) => {
      using unpacked = await NASBench201API.open(join(BENCHMARKS, name));
      using packed = await NASBench201API.open(at(`${name}.tar`));
      expect([...packed]).toEqual([...unpacked]);
      expect(packed.reference).toBe('nats-bench');
      await packed.prepare(packed.metaArchs.keys());
      const shown = (api: NASBench201API, index: number) => String(catching(() => api.showText(index)));
      for (const index of packed.metaArchs.keys()) expect(shown(packed, index)).toBe(shown(unpacked, index));
      expect(packed.evaluatedIndexes).toEqual(unpacked.evaluatedIndexes);
      expect(answers(packed)).toEqual(answers(unpacked));
      const hp = name.includes('sss') ? '90' : '200';
      const options = { metric: 'accuracy', set: 'ori-test', hp } as const;
      expect(await packed.column('cifar10', options)).toEqual(await unpacked.column('cifar10', options));
    },
  );

  it('is closed with the API that reads it', async () => {
    const api = await NASBench201API.open(at('NATS-tss-v1_0-small-simple.tar'));
    api.close();
    expect(catching(() => api.getMoreInfo(2, 'cifar10', { hp: '200' }))).toMatchObject({ code: 'DISPOSED' });
  });

  it('needs its list of architectures', async () => {
    await expect(NASBench201API.open(at('archive.tar'))).rejects.toMatchObject({
      code: 'NO_FILE',
      message: expect.stringContaining('meta.pickle.pbz2'),
    });
  });
});

describe('reload', () => {
  it('from a tar archive answers as from the folder, of one record and of all', async () => {
    const small = at('small');
    mkdirSync(small);
    for (const index of [0, 1, 2, 3, 9, 17, 41]) {
      cpSync(
        join(BENCHMARKS, `archive/00000${index === 0 ? 0 : 3}-FULL.pth`),
        join(small, `${String(index).padStart(6, '0')}-FULL.pth`),
      );
    }
    using one = await open();
    using other = await open();
    await one.reload(join(BENCHMARKS, 'archive'), 0);
    await other.reload(at('archive.tar'), 0);
    expect(answers(other)).toEqual(answers(one));
    using before = await open();
    expect(answers(other)).not.toEqual(answers(before));
  });

  it('of everything opens no file until it is asked for', async () => {
    const all = at('NATS-all');
    mkdirSync(all);
    const from = join(BENCHMARKS, 'NATS-tss-v1_0-small-simple');
    for (const name of readdirSync(from)) cpSync(join(from, name), join(all, name));
    using api = await NASBench201API.open(from);
    const expected = answers(api);
    await api.reload(all);
    writeFileSync(join(all, '000002.pickle.pbz2'), 'broken');
    const [first] = answers(api);
    expect(first).toEqual(expected[0]);
    expect(catching(() => api.getMoreInfo(2, 'cifar10', { hp: '200' }))).toBeInstanceOf(ReadError);
  });
});

describe('what an archive is', () => {
  it('is told of a folder and of a tar archive', async () => {
    expect(await describeFile(at('archive.tar'))).toMatchObject({
      kind: 'archive-folder',
      layout: 'tar',
      files: 2,
      title: 'NAS-Bench-201 archive: records of 2 architectures, one file each in a tar archive',
    });
    expect(await describeFile(at('pieces.tar'))).toMatchObject({ kind: 'archive-folder', files: 2 });
    expect(await describeFile(at('NATS-tss-v1_0-small-simple.tar'))).toMatchObject({
      kind: 'nats-bench',
      layout: 'tar',
      space: 'topology',
      architectures: 3,
      evaluated: 3,
      weights: false,
    });
  });
});
