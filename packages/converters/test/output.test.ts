// What is left behind: a whole file, or nothing.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { NASBench201API } from 'nas-bench-201';
import { describe, expect, it } from 'vitest';
import { type BenchmarkSource, convert, formatFor, openBenchmark, sourceOfApi } from '../src/index.js';
import { differencesOf, IRREGULAR, itWith, temporaryFolder, V1_1 } from './support/files.js';

const folder = temporaryFolder();
let count = 0;
/** A folder of its own, so that what is left in it is seen. */
function empty(): string {
  const path = join(folder, String(count++));
  mkdirSync(path);
  return path;
}

describe('a file', () => {
  it('is not replaced unless asked for', async () => {
    const path = join(empty(), 'a.pb');
    writeFileSync(path, 'precious');
    await expect(convert(V1_1, path)).rejects.toMatchObject({ code: 'EXISTS' });
    expect(readFileSync(path, 'utf8')).toBe('precious');
    await convert(V1_1, path, { force: true });
    expect(await differencesOf(V1_1, path)).toEqual([]);
  });

  it('that appeared meanwhile is not replaced', async () => {
    const path = join(empty(), 'a.pb');
    const source = sourceOfApi(await NASBench201API.open(V1_1));
    const slow: BenchmarkSource = {
      ...source,
      async *records(options) {
        yield* source.records(options);
        writeFileSync(path, 'precious');
      },
    };
    await expect(convert(slow, path)).rejects.toMatchObject({ code: 'EXISTS' });
    expect(readdirSync(join(path, '..'))).toEqual(['a.pb']);
    expect(readFileSync(path, 'utf8')).toBe('precious');
    source.close();
  });

  for (const name of [
    'a.pb',
    'a.jsonl',
    'a.json',
    'a.parquet',
    'a.arrow',
    'a.csv',
    'a.pth',
    'a.jsonl.gz',
    'a.pb.zst',
  ]) {
    it(`is not there after an interruption, nor anything else: ${name}`, async () => {
      const place = empty();
      const controller = new AbortController();
      const source = sourceOfApi(await NASBench201API.open(V1_1));
      const interrupted: BenchmarkSource = {
        header: source.header,
        async *records(options) {
          for await (const records of source.records(options)) {
            yield records.slice(0, 2);
            controller.abort(new Error('interrupted'));
            yield records.slice(2);
          }
        },
        close: () => source.close(),
      };
      const work = convert(interrupted, join(place, name), { signal: controller.signal });
      await expect(work).rejects.toThrow('interrupted');
      expect(readdirSync(place)).toEqual([]);
      source.close();
    });

    it(`is not there when its records cannot be read: ${name}`, async () => {
      const place = empty();
      const source = sourceOfApi(await NASBench201API.open(V1_1));
      const broken: BenchmarkSource = {
        header: source.header,
        // biome-ignore lint/correctness/useYield: it breaks before it could
        async *records() {
          throw new Error('broken');
        },
        close: () => source.close(),
      };
      await expect(convert(broken, join(place, name))).rejects.toThrow('broken');
      expect(readdirSync(place)).toEqual([]);
      source.close();
    });

    itWith(existsSync('/dev/full'), '/dev/full', `on a full disk is one clear error: ${name}`, async () => {
      const format = name.slice(2);
      await expect(convert(V1_1, '/dev/full', { format })).rejects.toMatchObject({
        code: 'NO_SPACE',
        message: expect.stringMatching(/the disk is full/),
      });
    });
  }

  it('that a link leads to is replaced, not the link', async () => {
    const place = empty();
    const [target, link] = [join(place, 'target.pb'), join(place, 'link.pb')];
    writeFileSync(target, 'old');
    symlinkSync(target, link);
    await convert(V1_1, link, { force: true });
    expect(await differencesOf(V1_1, target)).toEqual([]);
    expect(readdirSync(place).sort()).toEqual(['link.pb', 'target.pb']);
  });

  it('in a folder that is not there is an error that names it', async () => {
    await expect(convert(V1_1, join(folder, 'nowhere/a.pb'))).rejects.toThrow(/ENOENT.*nowhere/);
  });

  it('is one that others decompress', async () => {
    const place = empty();
    for (const extension of ['jsonl', 'jsonl.gz', 'jsonl.zst']) await convert(IRREGULAR, join(place, `a.${extension}`));
    const plain = readFileSync(join(place, 'a.jsonl'));
    expect(execFileSync('gzip', ['-dc', join(place, 'a.jsonl.gz')]).equals(plain)).toBe(true);
    const zstd = findZstd();
    if (zstd) expect(execFileSync(zstd, ['-dcq', join(place, 'a.jsonl.zst')]).equals(plain)).toBe(true);
    else console.warn('SKIPPED, because there is no zstd: decompressing with it');
  });
});

function findZstd(): string | undefined {
  return ['/usr/bin/zstd', '/usr/local/bin/zstd'].find((path) => existsSync(path));
}

describe('a stream', () => {
  it('gets the same bytes as a file, stays open, and is waited for', async () => {
    const place = empty();
    await convert(V1_1, join(place, 'a.jsonl'));
    let waiting = 0;
    let most = 0;
    const pieces: Buffer[] = [];
    const slow = new Writable({
      highWaterMark: 1,
      write(piece: Buffer, _, done) {
        most = Math.max(most, ++waiting);
        pieces.push(piece);
        setTimeout(() => {
          waiting--;
          done();
        }, 5);
      },
    });
    const { bytes } = await convert(V1_1, slow, { format: 'jsonl' });
    expect(Buffer.concat(pieces).equals(readFileSync(join(place, 'a.jsonl')))).toBe(true);
    expect(bytes).toBe(Buffer.concat(pieces).length);
    expect(most).toBe(1);
    expect(slow.writable).toBe(true);
  });

  it('that is closed early ends it with an error', async () => {
    const closed = new PassThrough();
    closed.destroy();
    closed.on('error', () => {});
    await expect(convert(V1_1, closed, { format: 'pb' })).rejects.toMatchObject({ code: 'SINK_CLOSED' });
  });
});

describe('formats', () => {
  it('are known by their names, and by the ends of names', () => {
    expect(formatFor('out.parquet').format.name).toBe('parquet');
    expect(formatFor('OUT.JSONL.GZ')).toMatchObject({ format: { name: 'jsonl' }, compression: '.gz' });
    expect(formatFor('jsonl.zst')).toMatchObject({ format: { name: 'jsonl' }, compression: '.zst' });
    expect(() => formatFor('out.xyz')).toThrow(/\.pb, .*'out\.xyz'/);
    expect(() => formatFor('out.parquet.gz')).toThrow(/compresses by itself/);
  });

  it('without a reader say so', async () => {
    const path = join(empty(), 'a.csv');
    await convert(V1_1, path);
    await expect(openBenchmark(path)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(convert(V1_1, join(folder, 'x.pb'), { summary: true })).rejects.toMatchObject({ code: 'CANNOT_HOLD' });
  });
});
