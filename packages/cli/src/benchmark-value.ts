import type { HpName, NASBench201API, PythonValue } from 'nas-bench-201';

type Entry = [PythonValue, PythonValue];

/** A dict whose values are read when they are asked for. */
class LazyDict<K extends PythonValue> extends Map<PythonValue, PythonValue> {
  readonly #keys: Set<PythonValue>;
  readonly #read: (key: K) => PythonValue;

  constructor(keys: Iterable<K>, read: (key: K) => PythonValue) {
    super();
    this.#keys = new Set<PythonValue>(keys);
    this.#read = read;
  }

  override get size(): number {
    return this.#keys.size;
  }
  override has(key: PythonValue): boolean {
    return this.#keys.has(key);
  }
  override get(key: PythonValue): PythonValue | undefined {
    return this.#keys.has(key) ? this.#read(key as K) : undefined;
  }
  override keys(): MapIterator<PythonValue> {
    return this.#keys.values();
  }
  override *entries(): Generator<Entry, undefined> {
    for (const key of this.#keys) yield [key, this.#read(key as K)];
  }
  override *values(): Generator<PythonValue, undefined> {
    for (const [, value] of this.entries()) yield value;
  }
  override [Symbol.iterator](): Generator<Entry, undefined> {
    return this.entries();
  }
}

const REFERENCE_NAMES: Partial<Record<HpName, string>> = { '12': 'less', '200': 'full' };

/** A benchmark as the dict that its file holds, read record by record. */
export function benchmarkValue(api: NASBench201API): PythonValue {
  const nats = api.reference === 'nats-bench';
  const names = new Map(api.availableHps.map((hp) => [nats ? hp : REFERENCE_NAMES[hp]!, hp]));
  const record = (index: number) =>
    new LazyDict(names.keys(), (name) => api.queryMetaInfoByIndex(index, { hp: names.get(name)! }).stateDict());
  return new Map<PythonValue, PythonValue>([
    ['meta_archs', [...api.metaArchs]],
    ['total_archs', api.length],
    ['arch2infos', new LazyDict(api.evaluatedIndexes, record)],
    ['evaluated_indexes', api.evaluatedIndexes],
  ]);
}
