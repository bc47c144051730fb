import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Network, normalisedImages, torchPath } from 'nas-bench-201';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCli } from './support/cli.js';

vi.setConfig({ testTimeout: 60_000 });

const NETWORKS = fileURLToPath(new URL('../../../test-fixtures/networks/', import.meta.url));
const ARCH = '|skip_connect~0|+|skip_connect~0|skip_connect~1|+|none~0|nor_conv_1x1~1|none~2|';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nb201-net-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const cli = (args: string[], env: NodeJS.ProcessEnv = {}) => runCli(args, { env: { OMP_NUM_THREADS: '1', ...env } });

function succeeds(...args: string[]): string {
  const { code, out, err } = cli(args);
  expect([err, code]).toEqual(['', 0]);
  return out;
}

/** A picture of 32 x 32 pixels, its planes of red, green and blue, and the file. */
function picture(): { path: string; planes: Uint8Array } {
  const png = new PNG({ width: 32, height: 32 });
  const planes = new Uint8Array(3 * 1024);
  for (let i = 0; i < 1024; i++) {
    for (let c = 0; c < 3; c++) {
      planes[c * 1024 + i] = (i * (c + 3) * 7) % 256;
      png.data[i * 4 + c] = planes[c * 1024 + i]!;
    }
    png.data[i * 4 + 3] = 255;
  }
  const path = join(folder, 'picture.png');
  writeFileSync(path, PNG.sync.write(png));
  return { path, planes };
}

/** As `numpy.save` writes it. */
function npy(name: string, descr: string, shape: number[], values: Uint8Array | Float32Array): string {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const head = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${padded}`, 'latin1');
  head.writeUInt16LE(padded.length, 8);
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat([head, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)]));
  return path;
}

describe('net', () => {
  it('draws the cell and tells stages, FLOPs and parameters, without libtorch', () => {
    const { code, out } = cli(['net', '284'], { NB201_TORCH_ADDON: '/nowhere' });
    expect(code).toBe(0);
    expect(out).toContain(`284  ${ARCH}`);
    expect(out).toMatch(/^0 input ─┬─ skip_connect ─▶ 1$/m);
    expect(out).toMatch(/^ {9}└─ none ┄+▷ 3 output$/m);
    expect(out).toMatch(/^cifar10 +11\.71521 +0\.101306$/m);
  });

  it('writes the drawing as SVG', () => {
    const path = join(folder, 'cell.svg');
    succeeds('net', ARCH, '--svg', path);
    const svg = readFileSync(path, 'utf8');
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(svg.match(/>skip_connect</g)).toHaveLength(3);
    expect(svg.match(/<circle/g)).toHaveLength(4);
    expect(succeeds('net', '284', '--svg', '-')).toBe(svg);
  });

  it('prints one JSON document, of other widths and depths too', () => {
    const found = JSON.parse(succeeds('net', '284', '-C', '8', '-N', '1', '--json'));
    expect(found).toMatchObject({ index: 284, architecture: ARCH, C: 8, N: 1 });
    expect(found.costs).toHaveLength(3);
    expect(cli(['net', '15625']).err).toContain('expected an index from 0 to 15624');
  });
});

describe('doctor', () => {
  it('tells what was found and looked for', () => {
    const { out } = cli(['doctor']);
    for (const name of ['torch.node', 'NB201_LIBTORCH', 'python3', 'CMake package']) expect(out).toContain(name);
    if (torchPath().built) expect(out).toMatch(/^CUDA +(none: .+|\d+ devices)$/m);
  });

  it('and what to install where there is no libtorch', () => {
    const { code, out } = cli(['doctor'], { NB201_TORCH_ADDON: join(folder, 'none.node') });
    expect(code).toBe(0);
    expect(out).toContain('not built');
    expect(out).toMatch(/libtorch-dev|pip install torch/);
  });

  it('fails where there is one that cannot be loaded', () => {
    const path = join(folder, 'broken.node');
    writeFileSync(path, 'no library');
    const { code, out } = cli(['doctor', '--json'], { NB201_TORCH_ADDON: path });
    expect(code).toBe(1);
    expect(JSON.parse(out).torch.loaded).toMatchObject({ code: 'NO_LIBTORCH' });
  });
});

describe('without libtorch', () => {
  it('run says exactly what is missing, and other commands work', () => {
    const { code, err } = cli(['run', '284'], { NB201_TORCH_ADDON: join(folder, 'none.node') });
    expect(code).toBe(1);
    expect(err).toMatch(/needs libtorch.*NB201_TORCH_ADDON \(.*none.node\): not there/s);
    expect(err).toMatch(/To get it: .*(apt-get install --no-install-recommends libtorch-dev|pip install torch)/);
    expect(err).toContain('npx nb201 build --torch');
    expect(cli(['archs', '284'], { NB201_TORCH_ADDON: join(folder, 'none.node') }).code).toBe(0);
  });
});

if (!torchPath().built) console.warn('SKIPPED, because there was no libtorch when the addon was built: run');
describe.skipIf(!torchPath().built)('run', () => {
  it('classifies an image as the network does that the API builds', { timeout: 60_000 }, async () => {
    const { path, planes } = picture();
    const found = JSON.parse(succeeds('run', '284', '--input', path, '--seed', '5', '--top', '10', '--json'));
    await using network = await Network.fromArch(ARCH, { seed: 5 });
    const { logits } = await network.forward(normalisedImages(planes, [1, 3, 32, 32], 'cifar10'));
    expect(found.choices[0].map((c: { class: number }) => c.class)).toHaveLength(10);
    for (const { class: number, logit } of found.choices[0]) expect(logit).toBeCloseTo(logits.data[number]!, 5);
    expect(found.choices[0].reduce((sum: number, c: { probability: number }) => sum + c.probability, 0)).toBeCloseTo(1);
    expect(found.latency).toBeGreaterThan(0);

    const bytes = npy('bytes.npy', '|u1', [3, 32, 32], planes);
    const images = normalisedImages(planes, [1, 3, 32, 32], 'cifar10');
    const floats = npy('floats.npy', '<f4', [1, 3, 32, 32], images.data);
    for (const input of [bytes, floats]) {
      const same = JSON.parse(succeeds('run', '284', '--input', input, '--seed', '5', '--top', '10', '--json'));
      expect(same.choices).toEqual(found.choices);
    }
  });

  it('takes the weights of an archive and of a state dict', () => {
    const archive = join(NETWORKS, '000003-FULL.pth');
    const out = succeeds('run', '3', '--archive', archive, '--dataset', 'cifar100', '--batch', '2');
    expect(out).toContain('seed 111');
    expect(out).toContain('image 1');
    const other = cli(['run', '4', '--archive', archive, '--dataset', 'cifar100']);
    expect([other.code, other.err]).toEqual([1, expect.stringContaining('another architecture')]);
    const wrong = cli(['run', '284', '--weights', join(NETWORKS, 'weights-zip.pth')]);
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('stem.0.weight')]);
  });

  it('says what is wrong with an input', () => {
    const path = join(folder, 'text.png');
    writeFileSync(path, 'text');
    const errors: [string, RegExp][] = [
      [path, /expected a PNG or NumPy/],
      [npy('short.npy', '|u1', [3, 32, 32], new Uint8Array(5)), /expected 3072 numbers/],
      [npy('int.npy', '<i4', [3, 32, 32], new Uint8Array(3 * 1024 * 4)), /uint8, float32 or float64/],
      [npy('odd.npy', '|u1', [3, 30, 30], new Uint8Array(2700)), /multiples of 4/],
      [join(folder, 'none.png'), /no such file/],
    ];
    for (const [input, message] of errors) {
      const { code, err } = cli(['run', '284', '--input', input]);
      expect([code, err]).toEqual([1, expect.stringMatching(message)]);
    }
    expect(cli(['run', '284', '--device', 'cuda:99']).err).toContain("'cuda:99' cannot be had");
  });
});
