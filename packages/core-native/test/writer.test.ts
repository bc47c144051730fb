import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Complex,
  CurveDict,
  DictStream,
  Float32,
  Float64,
  FrozenSet,
  GlobalReference,
  OrderedDict,
  openBenchmarkFile,
  openTorch,
  PythonObject,
  type PythonValue,
  readTorch,
  type StreamableValue,
  stateOf,
  Tensor,
  Tuple,
  type WritableValue,
  WriteError,
  type WriteTorchOptions,
  writeTorch,
} from '../dist/index.js';
import { currentPython, described, python, runPython, without } from './python.js';
import { difference, type Tagged } from './tagged.js';

const fixtures = fileURLToPath(new URL('../../../test-fixtures/', import.meta.url));
const tuple = (...items: WritableValue[]) =>
  Object.assign(new Tuple(), []).concat(items as never) as never as PythonValue;
const dict = (...entries: [WritableValue, WritableValue][]) => new Map(entries) as WritableValue;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'nb201-writer-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
async function written(value: StreamableValue, options: WriteTorchOptions = {}): Promise<string> {
  const file = path.join(folder, `${files++}.${options.container === 'pickle' ? 'pkl' : 'pth'}`);
  const bytes = await writeTorch(file, value, options);
  expect(statSync(file).size).toBe(bytes);
  return file;
}

/** Names and instances are never written: what is made of them is left out here. */
function plain(value: PythonValue): PythonValue {
  if (!(value instanceof Map)) return value;
  const out = value instanceof OrderedDict ? new OrderedDict() : new Map<PythonValue, PythonValue>();
  for (const [key, item] of value) if (!foreign([key, item])) out.set(key, item);
  return out;
}

function foreign(value: PythonValue, seen = new Set<PythonValue>()): boolean {
  if (value instanceof GlobalReference || value instanceof PythonObject) return true;
  if (typeof value !== 'object' || value === null || seen.has(value)) return false;
  seen.add(value);
  if (value instanceof OrderedDict && value.attributes && foreign(value.attributes, seen)) return true;
  const parts =
    value instanceof Map ? [...value].flat() : Array.isArray(value) || value instanceof Set ? [...value] : [];
  return parts.some((part) => foreign(part, seen));
}

const CONTAINERS = ['legacy', 'zip'] as const;

const readable = readdirSync(`${fixtures}values`).filter((name) => name !== 'numpy-odd.pkl');
const answerTo = (name: string): { about: { encoding?: string }; values: Tagged[] } =>
  JSON.parse(readFileSync(`${fixtures}answers/values/${name}.json`, 'utf8'));

describe('what was read and written again', () => {
  it.each(readable)('%s is the same value', async (name) => {
    const { about, values: answers } = answerTo(name);
    const unsigned = name.includes('2.15-zip');
    for (const container of CONTAINERS) {
      if (container === 'legacy' && unsigned) continue;
      const value = plain((await openTorch(`${fixtures}values/${name}`)).values[0]!);
      const again = await readTorch(await written(value, { container }));
      if (name.startsWith('rich')) {
        // Without what is foreign there is no answer by Python; what we read is compared with that below.
        expect(JSON.stringify(keysOf(again))).toBe(JSON.stringify(keysOf(value)));
        continue;
      }
      const options = { byteStrings: about.encoding === 'bytes', viewMetadata: name === 'view-metadata.pth' };
      expect(difference(again, answers[0]!, options)).toBeUndefined();
    }
  });
});

const keysOf = (value: PythonValue) => (value instanceof Map ? [...value.keys()].map(String) : []);

describe.skipIf(!python)(`what torch.load reads of what was written${without('python3 with torch', python)}`, () => {
  /** Writes each value in each container; Python reads all of them at once. */
  async function sameInPython(names: string[], containers: readonly ('legacy' | 'zip' | 'pickle')[]): Promise<void> {
    const values = await Promise.all(names.map(async (name) => plain(await readTorch(`${fixtures}values/${name}`))));
    const all = containers.flatMap((container) => values.map((value, i) => ({ container, value, name: names[i]! })));
    const paths = await Promise.all(all.map(({ container, value }) => written(value, { container })));
    described(python!, paths).forEach((answer, i) => {
      const { value, name, container } = all[i]!;
      expect(difference(value, answer), `${name} as ${container}`).toBeUndefined();
    });
  }

  it('is what was written: tensors of every type and layout, shared storages, parameters', () =>
    sameInPython(
      readable.filter((name) => /tensor|address|view/.test(name) && !name.includes('2.15')),
      CONTAINERS,
    ));

  it('is what was written: texts, integers of any size, floats, containers that share and contain themselves', () =>
    sameInPython(['rich-protocol2.pkl', 'numpy-protocol4.pkl', 'frames.pkl'], [...CONTAINERS, 'pickle']));

  it("is an instance of the reference's classes where that is what it was, and of no others", async () => {
    const instance = (module: string, name: string, state: Map<PythonValue, PythonValue>) => {
      const made = new PythonObject();
      Object.assign(made, { callee: new GlobalReference(module, name), args: new Tuple(), state });
      return made;
    };
    const trial = instance('nas_201_api.api_utils', 'ResultsCount', new Map([['name', 'cifar10']]));
    const both = new Map<PythonValue, PythonValue>([
      ['first', trial],
      ['again', trial],
    ]);
    const value = [instance('nas_201_api.api_utils', 'ArchResults', new Map([['all_results', both]]))];
    const program = `
import sys, types, torch
class ArchResults: pass
class ResultsCount: pass
package, module = types.ModuleType('nas_201_api'), types.ModuleType('nas_201_api.api_utils')
module.ArchResults, module.ResultsCount = ArchResults, ResultsCount
sys.modules.update({'nas_201_api': package, 'nas_201_api.api_utils': module})
for path in sys.argv[1:]:
  (arch,) = torch.load(path)
  trial = arch.all_results['first']
  print(type(arch).__name__, type(trial).__name__, trial.name, trial is arch.all_results['again'])`;
    const paths = await Promise.all(CONTAINERS.map((container) => written(value, { container })));
    const out = runPython(python!, program, ...paths);
    expect(out).toBe('ArchResults ResultsCount cifar10 True\n'.repeat(2));
    const foreign = instance('nas_201_api.api_utils', 'NASBench201API', new Map());
    await expect(written([foreign])).rejects.toMatchObject({ code: 'UNSUPPORTED_VALUE' });
  });

  it('is a Python float where Float64 says so, and a NumPy one where that is asked for', async () => {
    const value = [1, new Float64(1), new Float32(0.1), -0, 2 ** 53, 1e300, Number.NaN, new Complex(1, -0), 2n ** 70n];
    const program = `
import sys, torch
for v in map(torch.load, sys.argv[1:]): print([type(x).__name__ for x in v], v[2:4])`;
    const paths = await Promise.all((['python', 'numpy'] as const).map((float32) => written(value, { float32 })));
    const rest = "'float', 'float', 'float', 'float', 'complex', 'int']";
    expect(runPython(python!, program, ...paths).split('\n')).toEqual([
      `['int', 'float', 'float', ${rest} [0.10000000149011612, -0.0]`,
      `['int', 'float', 'float32', ${rest} [0.1, -0.0]`,
      '',
    ]);
  });

  it('is a dict of numbers, written from typed arrays', async () => {
    const values = Float64Array.from({ length: 300 }, (_, i) => i / 7);
    const presence = new Uint8Array(300).fill(1);
    presence[5] = 0;
    const file = await written([
      new CurveDict([{ set: '', values }]),
      new CurveDict([
        { set: 'x-valid', values },
        { set: 'ori-test', values: values.map((v) => -v), presence },
      ]),
      new CurveDict([]),
      new CurveDict(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((set) => ({ set, values }))),
    ]);
    const program = `
import sys, torch
a, b, c, d = torch.load(sys.argv[1])
assert a == {i: i / 7 for i in range(300)} and list(a) == list(range(300)), a
keys = ['x-valid@%d' % i for i in range(300)] + ['ori-test@%d' % i for i in range(300) if i != 5]
assert list(b) == keys and b['x-valid@299'] == 299 / 7 and b['ori-test@299'] == -299 / 7, b
assert {type(v) for v in list(a.values()) + list(b.values())} == {float}
assert c == {} and len(d) == 2100
print('good')`;
    expect(runPython(python!, program, file)).toBe('good\n');
  });
});

describe.skipIf(!currentPython)(
  `what a torch of today reads with weights_only=True${without('current torch: NB201_CURRENT_TORCH names its folder', currentPython)}`,
  () => {
    it('is every tensor, every plain value and dict of numbers', async () => {
      const names = readable.filter((name) => /tensor|address/.test(name));
      const value = dict(
        ['none', null],
        ['numbers', [0, -1, 70000, 2 ** 40, 2n ** 70n, 0.5, new Float64(3), new Float32(0.1), true, false]],
        ['texts', ['', 'naïve', '𝔘', 'x'.repeat(1000)]],
        ['bytes', new Uint8Array([0, 127, 128, 255])],
        ['containers', [[], new Map(), tuple(), tuple(1), tuple(1, 2), tuple(1, 2, 3, 4), new Set([1, 2])]],
        ['curves', new CurveDict([{ set: 'x-valid', values: Float64Array.of(1, 2, 3) }])],
        ['ordered', new OrderedDict([['a', 1]])],
      );
      for (const container of CONTAINERS) {
        const values = await Promise.all(
          names
            .filter((name) => container === 'zip' || !name.includes('2.15-zip'))
            .map((name) => readTorch(`${fixtures}values/${name}`)),
        );
        const paths = await Promise.all([...values, value].map((v) => written(v as WritableValue, { container })));
        const read = await Promise.all(paths.map((file) => readTorch(file)));
        described(currentPython!, paths, { weightsOnly: true }).forEach((answer, i) => {
          expect(difference(read[i], answer), names[i]).toBeUndefined();
        });
      }
    });
  },
);

const reference = fileURLToPath(new URL('../../../.cache/reference/nas-bench-201-2.1', import.meta.url));

describe('a benchmark written record by record', () => {
  const published = readdirSync(`${fixtures}benchmark`).filter((name) => name.startsWith('NAS-Bench-201-v1'));

  /** The file's own dict with its records' curves handed on as typed arrays. */
  async function rewritten(name: string, options: WriteTorchOptions = {}): Promise<string> {
    const file = await openBenchmarkFile(`${fixtures}benchmark/${name}`);
    const trialOf = (index: number, hp: string, trial: number) => {
      const attributes = new Map(file.value(index, hp, trial) as Map<string, WritableValue>);
      const fields = file.curves(index, hp, trial)!;
      const names = [
        'train_acc1es',
        'train_acc5es',
        'train_losses',
        'train_times',
        'eval_acc1es',
        'eval_losses',
        'eval_times',
      ];
      fields.forEach(({ state, curves }, f) => {
        if (state === 3) attributes.set(names[f]!, new CurveDict(curves));
      });
      for (const key of ['flop', 'params']) attributes.set(key, new Float64(attributes.get(key) as number));
      return attributes;
    };
    const records = async function* (): AsyncGenerator<[number, WritableValue]> {
      for (const index of file.recordIndexes()) {
        const states = new Map<string, WritableValue>();
        for (const [key, state] of file.value(index) as Map<string, Map<string, PythonValue>>) {
          const hp = key === 'full' ? '200' : '12';
          const results = state.get('all_results') as Map<PythonValue, PythonValue>;
          const trials = [...results.keys()].map((k, t): [PythonValue, WritableValue] => [k, trialOf(index, hp, t)]);
          states.set(key, new Map<WritableValue, WritableValue>(state).set('all_results', new Map(trials)));
        }
        yield [index, states as WritableValue];
      }
    };
    const top = new DictStream([
      ['meta_archs', file.architectures()],
      ['total_archs', file.describe().totalArchitectures],
      ['arch2infos', new DictStream(records())],
      ['evaluated_indexes', Array.from(file.evaluated())],
    ]);
    return written(top, options);
  }

  /** Each published file and what it was written as. */
  const pairs = async () =>
    (
      await Promise.all(
        published.map(async (name) => [`${fixtures}benchmark/${name}`, await rewritten(name, { container: 'legacy' })]),
      )
    ).flat();

  it.each(published)('%s: gives the same records and curves to this reader', async (name) => {
    for (const container of ['legacy', 'zip', 'pickle'] as const) {
      const [before, after] = await Promise.all([
        openBenchmarkFile(`${fixtures}benchmark/${name}`),
        openBenchmarkFile(await rewritten(name, { container })),
      ]);
      expect(after.architectures()).toEqual(before.architectures());
      expect(after.recordIndexes()).toEqual(before.recordIndexes());
      for (const index of before.recordIndexes()) {
        for (const hp of before.hyperParameters(index)) {
          const [now, then] = [stateOf(after, index, hp)!, stateOf(before, index, hp)!];
          for (const of of ['archIndex', 'archStr', 'cleared', 'datasets', 'trials'] as const) {
            expect(now[of], of).toEqual(then[of]);
          }
          then.trials.forEach((_, trial) => {
            expect(after.curves(index, hp, trial)).toEqual(before.curves(index, hp, trial));
          });
        }
      }
    }
  });

  it.skipIf(!python)(
    `gives the same dicts, number for number, to Python${without('python3 with torch', python)}`,
    async () => {
      const program = `
import collections, sys, numpy, torch
def same(a, b, at):
    if isinstance(a, numpy.generic): a = a.item()
    if isinstance(a, collections.OrderedDict): a = dict(a)
    assert type(a) is type(b), (at, type(a), type(b))
    if isinstance(a, dict):
        assert [repr(k) for k in a] == [repr(k) for k in b], (at, 'keys')
        for key in a: same(a[key], b[key], at + (key,))
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b), (at, 'length')
        for i, pair in enumerate(zip(a, b)): same(*pair, at + (i,))
    else: assert repr(a) == repr(b), (at, a, b)
for pair in zip(sys.argv[1::2], sys.argv[2::2]):
    a, b = map(torch.load, pair)
    assert set(a) == set(b)
    a['evaluated_indexes'].sort()
    a['arch2infos'] = dict(sorted(a['arch2infos'].items()))
    for key in a: same(a[key], b[key], (key,))
    print('same')`;
      expect(runPython(python!, program, ...(await pairs()))).toBe('same\n'.repeat(published.length));
    },
  );

  it.skipIf(!python || !existsSync(reference))(
    `is answered by the reference as the file it came from${without('reference (npm run setup -- --tests)', python && existsSync(reference))}`,
    async () => {
      const program = `
import sys
sys.path.insert(0, sys.argv[1])
from nas_201_api import NASBench201API
def asked(api, index, hp, dataset):
    results = api.query_meta_info_by_index(index, hp)
    if dataset not in results.get_dataset_names(): return None
    return api.get_more_info(index, dataset, None, hp, False), results.get_compute_costs(dataset), results.get_net_param(dataset, None)
asked_all = lambda api: [asked(api, i, hp, d) for i in api.evaluated_indexes for hp in ('12', '200')
                         for d in ('cifar10-valid', 'cifar10', 'cifar100', 'ImageNet16-120')]
for pair in zip(sys.argv[2::2], sys.argv[3::2]):
    a, b = (NASBench201API(path, verbose=False) for path in pair)
    assert str(asked_all(a)) == str(asked_all(b))
    print(a.evaluated_indexes == b.evaluated_indexes)`;
      expect(runPython(python!, program, reference, ...(await pairs()))).toBe('True\n'.repeat(published.length));
    },
  );
});

const _reference = fileURLToPath(new URL('../../../.cache/reference/nas-bench-201-2.1', import.meta.url));

describe('memory', () => {
  it('stays within what an entry needs, however many there are', () => {
    const script = `
import { CurveDict, DictStream, writeTorch } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
import { Writable } from 'node:stream';
const values = new Float64Array(200);
const record = () => new Map(Array.from({ length: 20 }, (_, t) => ['trial ' + t, new Map(['a', 'b', 'c'].map((name) =>
  [name, new CurveDict([{ set: 'x-valid', values }, { set: 'x-test', values }, { set: 'ori-test', values }])]))]));
function* records() { for (let i = 0; i < 600; i++) yield [i, record()]; }
const nowhere = new Writable({ write(chunk, encoding, done) { done(); } });
const bare = process.resourceUsage().maxRSS;
const bytes = await writeTorch(nowhere, new DictStream(records()), { container: 'legacy' });
console.log(JSON.stringify({ bytes, grown: (process.resourceUsage().maxRSS - bare) * 1024 }));`;
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    const { bytes, grown } = JSON.parse(run.stdout);
    expect(bytes).toBeGreaterThan(500e6);
    expect(grown).toBeLessThan(150e6);
  });
});

describe('a file that is written', () => {
  const names = () => readdirSync(folder).sort();

  it('takes the place of none, unless that is asked for', async () => {
    const file = await written([1]);
    const before = readFileSync(file);
    await expect(writeTorch(file, [2])).rejects.toMatchObject({ name: 'WriteError', code: 'EXISTS', file });
    expect(readFileSync(file)).toEqual(before);
    await writeTorch(file, [2], { overwrite: true });
    expect(await readTorch(file)).toEqual([2]);
  });

  it('replaces what a symbolic link leads to, not the link', async () => {
    const file = await written([1]);
    const alias = path.join(folder, 'alias.pth');
    symlinkSync(file, alias);
    await expect(writeTorch(alias, [2])).rejects.toMatchObject({ code: 'EXISTS' });
    await writeTorch(alias, [2], { overwrite: true });
    expect(await readTorch(file)).toEqual([2]);
  });

  it('is not there when a value cannot be written, its source fails or the work is aborted', async () => {
    const before = names();
    const file = path.join(folder, 'never.pth');
    const reasons = new AbortController();
    const failing = async function* () {
      yield [1, 'x'] as const;
      throw new Error('no more');
    };
    const endless = async function* () {
      for (let i = 0; ; i++) {
        if (i === 5) reasons.abort(new Error('enough'));
        yield [i, i] as const;
      }
    };
    await expect(writeTorch(file, new DictStream(failing()))).rejects.toThrow('no more');
    await expect(writeTorch(file, new DictStream(endless()), { signal: reasons.signal })).rejects.toThrow('enough');
    await expect(writeTorch(file, [() => 1] as never)).rejects.toMatchObject({ code: 'UNSUPPORTED_VALUE', file });
    expect(names()).toEqual(before);
  });

  it('says so where it cannot be made', async () => {
    const file = path.join(folder, 'missing', 'x.pth');
    await expect(writeTorch(file, 1)).rejects.toMatchObject({ name: 'WriteError', code: 'IO', file });
  });

  it('says so when there is no room for it', async () => {
    const full = new Writable({ write: (_chunk, _encoding, done) => done(new Error('no space left')) });
    await expect(writeTorch(full, [1])).rejects.toThrow('no space left');
  });

  it('goes to a stream, which stays open', async () => {
    const stream = new PassThrough();
    const chunks: Buffer[] = [];
    stream.on('data', (chunk) => chunks.push(chunk));
    const bytes = await writeTorch(stream, { a: 1 } as never).catch((error) => error);
    expect(bytes).toBeInstanceOf(WriteError);
    const size = await writeTorch(stream, dict(['a', [1, 2.5, 'x']]), { container: 'legacy' });
    expect(stream.writableEnded).toBe(false);
    stream.end();
    const all = new Uint8Array(Buffer.concat(chunks));
    expect(all).toHaveLength(size);
    expect(await readTorch(all)).toEqual(new Map([['a', [1, 2.5, 'x']]]));
  });
});

describe('what has no place in a file', () => {
  it.each<[string, unknown, RegExp]>([
    ['undefined', [undefined], /undefined; None is null/],
    ['a function', [() => 1], /a function/],
    ['a symbol', [Symbol('x')], /no type for/],
    ['a plain object', { a: 1 }, /a dict is a Map/],
    ['a typed array', new Float64Array(2), /Tensor.from/],
    ['a name that would be imported', new GlobalReference('os', 'system'), /os\.system/],
    ['an instance that would be built', Object.assign(new PythonObject(), { callee: null }), /an instance/],
    ['endless nesting', nested(5000), /levels deep/],
  ])('%s', async (_, value, message) => {
    const error = await writeTorch(path.join(folder, 'no.pth'), value as WritableValue).catch((e) => e);
    expect(error).toBeInstanceOf(WriteError);
    expect(error.code).toBe('UNSUPPORTED_VALUE');
    expect(error.message).toMatch(message);
  });

  it('is a tensor in a bare pickle, of a type that its container has not, or beyond its storage', async () => {
    const ones = Tensor.from(Float32Array.of(1, 1));
    await expect(written(ones, { container: 'pickle' })).rejects.toThrow(/bare pickle/);
    await expect(written(Tensor.from(Uint16Array.of(1)), { container: 'legacy' })).rejects.toThrow(/uint16/);
    for (const [shape, stride, offset] of [
      [[3], [1], 0],
      [[2], [1], 1],
      [[2], [2 ** 50], 0],
      [[2], [1], -1],
      [[2], [0.5], 0],
    ] as const) {
      const view = new Tensor(ones.storage, 'float32', [...shape], [...stride], offset, false, false);
      await expect(written(view)).rejects.toMatchObject({ code: 'UNSUPPORTED_VALUE' });
    }
    const other = new Tensor(ones.storage, 'int32', [2], [1], 0, false, false);
    await expect(written([ones, other])).rejects.toThrow(/int32 in a storage of float32/);
  });
});

function nested(levels: number): unknown {
  let value: unknown = 0;
  for (let i = 0; i < levels; i++) value = [value];
  return value;
}

describe('tensors that are made here', () => {
  it('are read as they were made', async () => {
    const tensors: [Tensor, unknown[]][] = [
      [Tensor.from(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]), [1, 2, 3, 4, 5, 6]],
      [Tensor.from(BigInt64Array.of(7n), []), [7n]],
      [Tensor.from(new Float64Array(0), [0, 3]), []],
      [Tensor.from(Uint8Array.of(1, 0), [2], { dtype: 'bool' }), [1, 0]],
      [Tensor.from(Uint16Array.of(0x3f80), [1], { dtype: 'bfloat16', requiresGrad: true }), [0x3f80]],
      [Tensor.from(Float32Array.of(1, 2), [1], { dtype: 'complex64', isParameter: true }), [1, 2]],
    ];
    for (const container of CONTAINERS) {
      const read = (await readTorch(
        await written(
          tensors.map(([t]) => t),
          { container },
        ),
      )) as Tensor[];
      tensors.forEach(([made, numbers], i) => {
        const { dtype, shape, stride, requiresGrad, isParameter } = made;
        expect(read[i]).toMatchObject({ dtype, shape, stride, requiresGrad, isParameter });
        expect([...read[i]!.toTypedArray()]).toEqual(numbers);
      });
    }
    expect(() => Tensor.from(new Float32Array(3), [2])).toThrow(RangeError);
  });

  it.skipIf(!python)(`are torch's${without('python3 with torch', python)}`, async () => {
    const value = new OrderedDict<WritableValue, WritableValue>([
      ['weight', Tensor.from(Float32Array.of(1, 2, 3, 4), [2, 2], { isParameter: true, requiresGrad: true })],
      ['count', Tensor.from(BigInt64Array.of(3n), [])],
    ] as never);
    const program = `
import sys, torch
for d in map(torch.load, sys.argv[1:]):
    print(type(d).__name__, type(d['weight']).__name__, d['weight'].requires_grad, d['weight'].tolist(), d['count'].item(), d['count'].dtype)`;
    const paths = await Promise.all(CONTAINERS.map((container) => written(value as WritableValue, { container })));
    const line = 'OrderedDict Parameter True [[1.0, 2.0], [3.0, 4.0]] 3 torch.int64\n';
    expect(runPython(python!, program, ...paths)).toBe(line + line);
  });
});

it.skipIf(!python)(
  `is a zip file that Python's zipfile finds no fault with${without('python3 with torch', python)}`,
  async () => {
    const file = await written([Tensor.from(Float32Array.of(1)), Tensor.from(new Float32Array(0)), 'x'.repeat(100000)]);
    const program = `
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
print(z.testzip(), [i.filename for i in z.infolist()])
f = open(sys.argv[1], 'rb').read()
for i in z.infolist():
    n, e = f[i.header_offset + 26] + 256 * f[i.header_offset + 27], f[i.header_offset + 28] + 256 * f[i.header_offset + 29]
    assert (i.header_offset + 30 + n + e) % 64 == 0`;
    expect(execFileSync(python!.command, ['-c', program, file]).toString().trim()).toBe(
      "None ['archive/data.pkl', 'archive/byteorder', 'archive/data/0', 'archive/data/1', 'archive/version']",
    );
  },
);

it('has more storages than a zip directory without 64-bit sizes can count', async () => {
  const tensors = Array.from({ length: 66_000 }, (_, i) => Tensor.from(Uint8Array.of(i), []));
  const file = await written(tensors, { container: 'zip' });
  const read = (await readTorch(file)) as Tensor[];
  expect(read).toHaveLength(66_000);
  expect([...read[65_999]!.toTypedArray()]).toEqual([65_999 % 256]);
  if (!python) return;
  const program = 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(len(z.infolist()))';
  expect(runPython(python, program, file)).toBe('66003\n');
});

it('writes sets, frozen sets and what they hold', async () => {
  const value = [new Set([1, 'a']), new FrozenSet([2]), new Set(Array.from({ length: 2500 }, (_, i) => i))];
  expect(await readTorch(await written(value, { container: 'pickle' }))).toEqual(value);
});
