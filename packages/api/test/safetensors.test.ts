import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPython } from '../../../test-fixtures/python.mjs';
import {
  OrderedDict,
  openTorch,
  type PythonValue,
  ReadError,
  readSafetensors,
  Tensor,
  WriteError,
  writeSafetensors,
} from '../src/index.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const fixtures = join(root, 'test-fixtures');
const library = join(root, '.cache/reference/safetensors');

/** Debian's python3, which has torch, or any other that has, with the safetensors of the test set-up. */
const python = existsSync(library)
  ? findPython('torch, safetensors.torch', { ...process.env, PYTHONPATH: library })
  : undefined;
const skipped = python ? '' : ' (SKIPPED: there is no python3 with torch, or no safetensors: npm run setup -- --tests)';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nb201-safetensors-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** All tensors in a value, under names that tell where they were. */
function tensorsOf(value: PythonValue, name = 'value', out = new Map<string, Tensor>()): Map<string, Tensor> {
  if (value instanceof Tensor) out.set(name, value);
  else if (value instanceof Map) for (const [key, item] of value) tensorsOf(item, `${name}.${String(key)}`, out);
  else if (Array.isArray(value)) for (const [i, item] of value.entries()) tensorsOf(item, `${name}.${i}`, out);
  return out;
}

const hex = (tensor: Tensor) => {
  const { buffer, byteOffset, byteLength } = tensor.toTypedArray();
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString('hex');
};

interface Read {
  metadata: Record<string, string>;
  tensors: Record<string, [dtype: string, shape: number[], hex: string]>;
}

function readByPython(files: string[]): Read[] {
  const program = `
import json, sys, torch
from safetensors import safe_open
def raw(t):
    t = t.contiguous().reshape(-1)
    return bytes(t.view(torch.uint8).tolist()).hex() if t.numel() else ''
def read(f):
    tensors = {k: f.get_tensor(k) for k in f.keys()}
    return {'metadata': f.metadata(), 'tensors': {k: [str(t.dtype)[6:], list(t.shape), raw(t)] for k, t in tensors.items()}}
print(json.dumps([read(safe_open(path, 'pt')) for path in sys.argv[1:]]))`;
  const env = { ...process.env, PYTHONPATH: library };
  return JSON.parse(execFileSync(python!, ['-c', program, ...files], { env, maxBuffer: 2 ** 28 }).toString());
}

describe.skipIf(!python)(`what Python's safetensors reads${skipped}`, () => {
  const names = readdirSync(join(fixtures, 'values')).filter((name) => /tensors/.test(name) && /\.pth$/.test(name));

  it('of every tensor is the same, bit for bit', async () => {
    const metadata = { architecture: '|avg_pool_3x3~0|+…', dataset: 'cifar10', seed: '777', hp: '200' };
    const all = await Promise.all(
      names.map(async (name) => {
        const tensors = tensorsOf((await openTorch(join(fixtures, 'values', name))).values[0]!);
        // torch 1.13 cannot hold these, nor the format the widest complex numbers.
        const known = [...tensors].filter(([, { dtype }]) => !/^uint(16|32|64)$|^complex/.test(dtype));
        expect(known.length).toBeGreaterThan(10);
        const file = join(folder, `${name}.safetensors`);
        const bytes = await writeSafetensors(file, new Map<PythonValue, PythonValue>(known), { metadata });
        expect(readFileSync(file)).toHaveLength(bytes);
        return { name, known, file };
      }),
    );
    const read = readByPython(all.map(({ file }) => file));
    all.forEach(({ name, known }, i) => {
      expect(read[i]!.metadata).toEqual({ format: 'pt', ...metadata });
      expect(Object.keys(read[i]!.tensors).sort()).toEqual(known.map(([key]) => key).sort());
      for (const [key, tensor] of known) {
        expect(read[i]!.tensors[key], `${name} ${key}`).toEqual([tensor.dtype, tensor.shape, hex(tensor)]);
      }
    });
    for (const [i, { file }] of all.entries()) {
      const { metadata: found, tensors } = await readSafetensors(file);
      expect(found).toEqual(read[i]!.metadata);
      const values = [...tensors].map(([key, tensor]) => [key, [tensor.dtype, tensor.shape, hex(tensor)]]);
      expect(Object.fromEntries(values)).toEqual(read[i]!.tensors);
    }
  });

  it("is laid out as its own writer lays it out, but for the metadata's order", async () => {
    const value = new OrderedDict([
      ['b', Tensor.from(Float32Array.of(1, 2), [2])],
      ['a', Tensor.from(Uint8Array.of(1, 2, 3), [3])],
      ['é', Tensor.from(BigInt64Array.of(-5n), [])],
      ['c', Tensor.from(Float32Array.of(3), [1])],
    ] as [PythonValue, PythonValue][]);
    const [ours, theirs] = [join(folder, 'ours.safetensors'), join(folder, 'theirs.safetensors')];
    await writeSafetensors(ours, value);
    const program = `
import sys, torch
from safetensors.torch import save_file
save_file({'b': torch.tensor([1., 2.]), 'a': torch.tensor([1, 2, 3], dtype=torch.uint8), 'é': torch.tensor(-5), 'c': torch.tensor([3.])},
          sys.argv[1], {'format': 'pt'})`;
    execFileSync(python!, ['-X', 'utf8', '-c', program, theirs], { env: { ...process.env, PYTHONPATH: library } });
    expect(readFileSync(ours)).toEqual(readFileSync(theirs));
  });
});

describe('what is no safetensors file', () => {
  const file = () => join(folder, 'no.safetensors');

  it('is a typed error, and nothing is written', async () => {
    const tensor = Tensor.from(Float32Array.of(1));
    const cases: [PythonValue, PythonValue][] = [
      ['a', 1],
      [1, tensor],
      ['a', Tensor.from(new Float64Array(2), [1], { dtype: 'complex128' })],
    ];
    for (const entry of cases) {
      const error = await writeSafetensors(file(), new Map([entry])).catch((e) => e);
      expect(error).toBeInstanceOf(WriteError);
      expect(error.code).toBe('UNSUPPORTED_VALUE');
    }
    await expect(writeSafetensors(file(), new Map(), { signal: AbortSignal.abort(new Error('x')) })).rejects.toThrow(
      'x',
    );
    expect(readdirSync(folder).filter((name) => name.includes('no.'))).toEqual([]);
    await writeSafetensors(file(), new Map());
    await expect(writeSafetensors(file(), new Map())).rejects.toBeInstanceOf(WriteError);
    await writeSafetensors(file(), new Map([['__proto__', tensor]] as [PythonValue, PythonValue][]), {
      overwrite: true,
    });
    expect(readFileSync(file(), 'latin1')).toContain('"__proto__":{"dtype":"F32"');
  });
});

describe('a safetensors file that is damaged', () => {
  const file = () => join(folder, 'damaged.safetensors');
  const written = (header: unknown, data = 0, length?: number) => {
    const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
    const head = Buffer.alloc(8);
    head.writeBigUInt64LE(BigInt(length ?? text.length));
    writeFileSync(file(), Buffer.concat([head, text, Buffer.alloc(data)]));
  };
  const a = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };

  it('is a typed error that says what was expected', async () => {
    const cases: [string, RegExp, ...Parameters<typeof written>][] = [
      ['TRUNCATED', /header of 400 bytes/, {}, 0, 400],
      ['NOT_RECOGNIZED', /at most/, {}, 0, 2 ** 40],
      ['NOT_RECOGNIZED', /JSON/, '{"a":'],
      ['NOT_RECOGNIZED', /object/, '[]'],
      ['BAD_TENSOR', /4 bytes of data|8 bytes of data/, { a }, 4],
      ['BAD_TENSOR', /8 bytes of data, found 9/, { a }, 9],
      ['BAD_TENSOR', /found 12/, { a: { ...a, data_offsets: [0, 12] } }, 12],
      ['BAD_TENSOR', /found it at 4/, { a: { ...a, data_offsets: [4, 12] } }, 12],
      ['BAD_TENSOR', /found it at 4/, { a, b: { ...a, data_offsets: [4, 12] } }, 12],
      ['BAD_TENSOR', /type/, { a: { ...a, dtype: 'F5' } }, 8],
      ['BAD_TENSOR', /shape/, { a: { ...a, shape: [-2] } }, 8],
      ['BAD_TENSOR', /bytes of the tensor/, { a: { ...a, shape: [2 ** 52, 2 ** 52] } }, 8],
      ['BAD_TENSOR', /begin and an end/, { a: { ...a, data_offsets: [8] } }, 8],
      ['BAD_TENSOR', /shape|type/, { a: null }, 8],
      ['BAD_TENSOR', /metadata/, { __metadata__: { format: 1 } }],
    ];
    for (const [code, message, ...bytes] of cases) {
      written(...bytes);
      const error = await readSafetensors(file()).catch((e) => e);
      expect(error).toBeInstanceOf(ReadError);
      expect([error.code, error.file, error.message]).toEqual([code, file(), expect.stringMatching(message)]);
    }
    for (const path of [folder, join(folder, 'none.safetensors')]) {
      expect((await readSafetensors(path).catch((e) => e)).code).toMatch(/^(NOT_A_FILE|IO)$/);
    }
  });

  it('is one that shrinks before its values are asked for', async () => {
    written({ a }, 8);
    const { tensors } = await readSafetensors(file());
    writeFileSync(file(), '');
    expect(() => tensors.get('a')!.data).toThrow(ReadError);
  });
});
