import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openTorch, type Tensor } from '../dist/index.js';
import { difference, type Tagged } from './tagged.js';

const fixtures = fileURLToPath(new URL('../../../test-fixtures/', import.meta.url));

interface Answer {
  about: { fixture: string; encoding?: string };
  values: Tagged[];
}

const names = readdirSync(`${fixtures}values`);

describe('what Python reads from a file is what openTorch reads', () => {
  it.each(names)('%s', async (name) => {
    const answer: Answer = JSON.parse(readFileSync(`${fixtures}answers/values/${name}.json`, 'utf8'));
    const options = { byteStrings: answer.about.encoding === 'bytes', viewMetadata: name === 'view-metadata.pth' };
    const path = `${fixtures}values/${name}`;
    for (const source of [path, new Uint8Array(readFileSync(path))]) {
      const { values } = await openTorch(source);
      expect(values).toHaveLength(answer.values.length);
      answer.values.forEach((expected, i) => {
        expect(difference(values[i], expected, options)).toBeUndefined();
      });
    }
  });

  it('tells the container and the compression', async () => {
    const kind = async (name: string) => {
      const { container, bzip2 } = await openTorch(`${fixtures}${name}`);
      return { container, bzip2 };
    };
    expect(await kind('values/one-tensor-legacy.pth')).toEqual({ container: 'torch-legacy', bzip2: false });
    expect(await kind('values/tensors-zip.pth')).toEqual({ container: 'torch-zip', bzip2: false });
    expect(await kind('values/frames.pkl')).toEqual({ container: 'pickle', bzip2: false });
    expect(await kind('benchmark/v1_1-protocol4.pickle.pbz2')).toEqual({ container: 'pickle', bzip2: true });
  });
});

describe('the comparison itself', () => {
  const read = async (hex: string) => (await openTorch(new Uint8Array(Buffer.from(hex, 'hex')))).values[0];

  it('sees one bit of a float, a sign of zero, a kind of container', async () => {
    const float = await read('473ff00000000000012e');
    expect(difference(float, { t: 'float', hex: '3ff0000000000001' })).toBeUndefined();
    expect(difference(float, { t: 'float', hex: '3ff0000000000000' })).toMatch('3ff0000000000000');
    expect(difference(await read('4b002e'), { t: 'float', hex: '8000000000000000' })).toMatch('the float 8');
    expect(difference(await read('292e'), { t: 'list', v: [] })).toMatch('a list');
  });

  it('sees sharing that is not in the file, and misses none that is', async () => {
    const shared = await read('5d5d94680086612e'); // [([], the same)]
    const inner: Tagged = { t: 'list', v: [], id: 0 };
    const tuple = (second: Tagged): Tagged => ({ t: 'list', v: [{ t: 'tuple', v: [inner, second] }] });
    expect(difference(shared, tuple({ t: 'ref', id: 0 }))).toBeUndefined();
    expect(difference(shared, tuple({ t: 'list', v: [] }))).toMatch('an object of its own');
    expect(difference(await read('5d5d5d86612e'), tuple({ t: 'ref', id: 0 }))).toMatch('called 0 before');
  });
});

describe('tensors', () => {
  it('read their bytes again and again', async () => {
    const tensor = (await openTorch(`${fixtures}values/one-tensor-legacy.pth`)).values[0] as Tensor;
    expect([...tensor.toTypedArray()]).toEqual([0, 1, 2, 3]);
    expect([...tensor.toTypedArray()]).toEqual([0, 1, 2, 3]);
    expect(tensor.storage.bytes()).toHaveLength(16);
  });
});
