import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import {
  Complex,
  FrozenSet,
  GlobalReference,
  OrderedDict,
  openTorch,
  PythonObject,
  type PythonValue,
  readTorch,
  Tuple,
} from 'nas-bench-201';
import { describe, expect, it } from 'vitest';
import { ConvertError, encodeJson, type JsonOptions, parsePath, stepInto, writeJson } from '../src/index.js';

const VALUES = fileURLToPath(new URL('../../../test-fixtures/values/', import.meta.url));

const text = (value: PythonValue, options?: JsonOptions) => [...encodeJson(value, options)].join('');
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const tuple = (...items: PythonValue[]) => Tuple.from(items) as Tuple;

/** What the mapping says that a value is written as, the other way round. */
function decode(written: unknown, whole: { root?: PythonValue } = {}): PythonValue {
  if (written === null || typeof written !== 'object') return written as PythonValue;
  const keep = <T extends PythonValue>(value: T): T => {
    whole.root ??= value;
    return value;
  };
  const list = (to: PythonValue[], items: unknown[]) => {
    for (const item of items) to.push(decode(item, whole));
    return to;
  };
  if (Array.isArray(written)) return list(keep([]), written);
  const [[name, inner] = ['', undefined]] = Object.entries(written);
  switch (name) {
    case '$float':
      return Number(String(inner).replace('inf', 'Infinity'));
    case '$int':
      return BigInt(inner);
    case '$complex':
      return new Complex(...(inner.map((part: unknown) => decode(part)) as [number, number]));
    case '$bytes':
      return keep(new Uint8Array(Buffer.from(inner, 'base64')));
    case '$tuple':
      return list(keep(new Tuple()), inner);
    case '$set':
      return keep(new Set(list([], inner)));
    case '$frozenset':
      return keep(new FrozenSet(list([], inner)));
    case '$global': {
      const [module, ...rest] = inner.split('.');
      return new GlobalReference(module, rest.join('.'));
    }
    case '$ref': {
      let value: PythonValue | undefined = whole.root;
      for (const step of parsePath(inner)) value = stepInto(value!, step);
      return value!;
    }
  }
  const map = keep(new Map<PythonValue, PythonValue>());
  const entries = name === '$map' ? inner.map(([k, v]: [unknown, unknown]) => [decode(k), v]) : Object.entries(written);
  for (const [key, value] of entries) map.set(key, decode(value, whole));
  return map;
}

const { value: anything } = fc.letrec<{ value: PythonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.integer(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('__proto__', 'constructor', '$ref', '10', ''),
    fc.bigInt().map((n) => (n < 0n ? n - 2n ** 53n : n + 2n ** 53n)),
    fc.uint8Array(),
    fc.tuple(fc.double(), fc.double()).map(([re, im]) => new Complex(re, im)),
    fc.array(tie('value')),
    fc.array(tie('value')).map((items) => tuple(...items)),
    fc.uniqueArray(fc.oneof(fc.integer(), fc.string())).map((items) => new Set<PythonValue>(items)),
    fc
      .array(fc.tuple(fc.oneof(fc.string(), fc.constantFrom('__proto__', '$map')), tie('value')))
      .map((e) => new Map(e)),
    fc.array(fc.tuple(tie('value'), tie('value'))).map((e) => new Map(e)),
  ),
}));

describe('JSON', () => {
  it('tells every value from every other', () => {
    fc.assert(
      fc.property(anything, fc.constantFrom(0, 2), (value, indent) => {
        // JSON.parse puts number-like keys first; Maps are compared in any order.
        expect(decode(JSON.parse(text(value, { indent })))).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it('is what Python reads as the same', () => {
    const values = fc.sample(anything, 200);
    const python = `
import json, sys
for line in sys.stdin:
    value = json.loads(line)
    print(json.dumps(value, ensure_ascii=True, allow_nan=False))
`;
    const input = values.map((value) => `${text(value)}\n`).join('');
    const out = execFileSync('python3', ['-X', 'utf8', '-c', python], { input, maxBuffer: 1 << 28 }).toString();
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(values.length);
    lines.forEach((line, i) => {
      expect(decode(JSON.parse(line))).toEqual(values[i]);
    });
  });

  it('writes the mapping that it documents', () => {
    expect(text(-0)).toBe('-0.0');
    expect(text(Number.NaN)).toBe('{"$float":"nan"}');
    expect(text(new Map([['a', [1, tuple(2, 'b')]]]))).toBe('{"a":[1,{"$tuple":[2,"b"]}]}');
    expect(text(new Map([[tuple('cifar10', 777), null]]))).toBe('{"$map":[[{"$tuple":["cifar10",777]},null]]}');
    expect(text(new Map([['$set', 1]]))).toBe('{"$map":[["$set",1]]}');
    expect(text(new GlobalReference('os', 'system'))).toBe('{"$global":"os.system"}');
    expect(text('\ud800')).toBe('"\\ud800"');
    const object = new PythonObject();
    object.callee = new GlobalReference('m', 'C');
    object.args = tuple();
    expect(text(object)).toBe('{"$object":{"callee":{"$global":"m.C"},"args":{"$tuple":[]}}}');
    const ordered = new OrderedDict([['w', 1]]);
    ordered.attributes = new Map([['_metadata', null]]);
    expect(text(ordered)).toBe('{"$odict":{"w":1},"attributes":{"_metadata":null}}');
  });

  it('writes __proto__ as a key like any other', () => {
    const parsed = JSON.parse(text(new Map([['__proto__', 1]])));
    expect(Object.keys(parsed)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
  });

  it('indents', () => {
    expect(
      text(
        new Map<PythonValue, PythonValue>([
          ['a', [1, []]],
          ['b', tuple()],
        ]),
        { indent: 2 },
      ),
    ).toBe('{\n  "a": [\n    1,\n    []\n  ],\n  "b": {"$tuple":[]}\n}');
  });

  it('refers to what was written before, where it stands', async () => {
    const shared = [1];
    const value = new Map<PythonValue, PythonValue>([
      ['a b', tuple(shared)],
      ['c', shared],
    ]);
    expect(text(value)).toBe(`{"a b":{"$tuple":[[1]]},"c":{"$ref":"$['a b'][0]"}}`);
    expect(text(value, { shared: 'copy' })).toBe('{"a b":{"$tuple":[[1]]},"c":[1]}');
  });

  it('refers to no key of a dict, which has no path', () => {
    const key = tuple('x', 1);
    expect(text([new Map([[key, 1]]), key])).toBe('[{"$map":[[{"$tuple":["x",1]},1]]},{"$tuple":["x",1]}]');
  });

  it('ends on values that contain themselves', async () => {
    const list = await readTorch(bytes('80 02 5d 94 67 30 0a 61 2e'));
    for (const shared of ['ref', 'copy'] as const) expect(text(list, { shared })).toBe('[{"$ref":"$"}]');
    const dict = new Map<PythonValue, PythonValue>();
    dict.set('me', [dict]);
    expect(text(dict, { shared: 'copy' })).toBe('{"me":[{"$ref":"$"}]}');
  });

  it('writes every fixture, tensors with and without their data', async () => {
    for (const name of readdirSync(VALUES)) {
      const { values } = await openTorch(`${VALUES}${name}`);
      for (const value of values) {
        expect(() => JSON.parse(text(value)), name).not.toThrow();
        expect(
          () => JSON.parse(text(value, { data: true, indent: 1, shared: 'copy', maxBytes: 1e7 })),
          name,
        ).not.toThrow();
      }
    }
    const tensor = await readTorch(`${VALUES}one-tensor-legacy.pth`);
    expect(JSON.parse(text(tensor))).toMatchObject({ $tensor: { dtype: 'float32', shape: [4] } });
    const { data } = JSON.parse(text(tensor, { data: true })).$tensor;
    expect([...new Float32Array(Uint8Array.from(Buffer.from(data, 'base64')).buffer)]).toEqual([0, 1, 2, 3]);
  });

  it('writes nesting of any depth', () => {
    let value: PythonValue = [];
    for (let i = 0; i < 200_000; i++) value = [value];
    expect(text(value)).toHaveLength(2 * 200_001);
  });
});

describe('the budget', () => {
  /** Ten lists, each of ten times the one before: 10^10 in all. */
  function laughs(): PythonValue {
    let value: PythonValue = 'ha';
    for (let i = 0; i < 10; i++) value = new Array<PythonValue>(10).fill(value);
    return value;
  }
  const limit = (value: PythonValue, options: JsonOptions) => {
    try {
      for (const _ of encodeJson(value, options));
    } catch (error) {
      return error;
    }
  };

  it('is never met by what is written once', () => {
    expect(text(laughs()).length).toBeLessThan(4000);
  });

  it('ends what grows without end', () => {
    for (const options of [{}, { maxBytes: 1e5 }, { maxValues: 1000 }]) {
      const error = limit(laughs(), { shared: 'copy', ...options });
      expect(error).toBeInstanceOf(ConvertError);
      expect(error).toMatchObject({ code: 'LIMIT' });
    }
  }, 120_000);

  it('looks at long texts and tensors before it writes them', () => {
    expect(limit('x'.repeat(1000), { maxBytes: 999 })).toMatchObject({ code: 'LIMIT' });
    expect(limit(new Uint8Array(1000), { maxBytes: 999 })).toMatchObject({ code: 'LIMIT' });
  });
});

describe('writing to a stream', () => {
  const long: PythonValue = Array.from({ length: 50_000 }, (_, i) => `number ${i}`);

  it('waits for the sink and leaves it open', async () => {
    let most = 0;
    const received: Buffer[] = [];
    const sink = new Writable({
      highWaterMark: 1024,
      write(piece, _, done) {
        received.push(piece);
        most = Math.max(most, sink.writableLength);
        setImmediate(done);
      },
    });
    const written = await writeJson(long, sink);
    expect(JSON.parse(Buffer.concat(received).toString())).toEqual(long);
    expect(written).toBe(Buffer.concat(received).length);
    expect(most).toBeLessThan(200_000);
    expect(sink.writableEnded).toBe(false);
  });

  it('fails as the sink fails', async () => {
    const sink = new Writable({ write: (_piece, _, done) => done(new Error('disk full')) });
    await expect(writeJson(long, sink)).rejects.toThrow('disk full');
    const closed = new PassThrough({ highWaterMark: 16 });
    setTimeout(() => closed.destroy(), 5);
    await expect(writeJson(long, closed)).rejects.toMatchObject({ code: 'SINK_CLOSED' });
  });

  it('stops when it is aborted', async () => {
    const controller = new AbortController();
    const stuck = new Writable({ highWaterMark: 1, write() {} });
    setTimeout(() => controller.abort(), 5);
    await expect(writeJson(long, stuck, { signal: controller.signal })).rejects.toThrow(/abort/i);
    await expect(writeJson(1, stuck, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});
