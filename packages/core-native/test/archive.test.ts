import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  openBenchmarkFile,
  openTorch,
  type PythonValue,
  ReadError,
  type SideCar,
  TarArchive,
  Tensor,
} from '../dist/index.js';
import { everyValue } from './walk.js';

const fixtures = fileURLToPath(new URL('../../../test-fixtures/', import.meta.url));
const full = `${fixtures}benchmark/archive/000003-FULL.pth`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'nb201-archive-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => path.join(folder, name);

/** Writes an archive with Python's tarfile: names and the files that they hold. */
function tar(name: string, format: 'USTAR' | 'GNU' | 'PAX', members: [name: string, file: string][]): string {
  const program = `
import sys, tarfile
with tarfile.open(sys.argv[1], 'w', format=getattr(tarfile, sys.argv[2] + '_FORMAT')) as archive:
    for name, path in zip(sys.argv[3::2], sys.argv[4::2]):
        archive.add(path, name)`;
  execFileSync('python3', ['-c', program, at(name), format, ...members.flat()]);
  return at(name);
}

/** The elements of all tensors. */
const numbersIn = (values: PythonValue[]) =>
  [...everyValue(...values)].flatMap((value) => (value instanceof Tensor ? [value.data] : []));

const folders = `${'p'.repeat(60)}/${'q'.repeat(30)}`;

describe('a tar archive', () => {
  it.each(['USTAR', 'GNU', 'PAX'] as const)('as %s has its members where Python finds them', async (format) => {
    const members: [string, string][] = [
      [`${folders}/000003-FULL.pth`, full],
      ['é-000157.txt', `${fixtures}README.md`],
      ...(format === 'USTAR' ? [] : ([['n'.repeat(300), `${fixtures}README.md`]] as [string, string][])),
    ];
    const file = tar(`${format}.tar`, format, members);
    using archive = await TarArchive.open(file);
    const { names, offsets, sizes } = archive.directory;
    const program = `
import json, sys, tarfile
print(json.dumps([(m.name, m.offset_data, m.size) for m in tarfile.open(sys.argv[1]).getmembers()]))`;
    const expected = JSON.parse(execFileSync('python3', ['-c', program, file]).toString());
    expect(names.map((name, i) => [name, offsets[i], sizes[i]])).toEqual(expected);
    expect(archive.size).toBe(statSync(file).size);
    const record = await openBenchmarkFile(archive.member(`${folders}/000003-FULL.pth`)!);
    expect(record.describe()).toMatchObject({ kind: 'architecture', file: `${file}/${folders}/000003-FULL.pth` });
    const [inTar, alone] = [await openTorch(archive.memberAt(0)), await openTorch(full)];
    expect(inTar.container).toBe('torch-legacy');
    expect(numbersIn(inTar.values)).toEqual(numbersIn(alone.values));
    expect(numbersIn(alone.values).length).toBeGreaterThan(50);
    expect(archive.member('missing')).toBeUndefined();
  });

  it('has the later of two members of one name', async () => {
    const file = tar('twice.tar', 'GNU', [
      ['a', full],
      ['a', `${fixtures}values/one-tensor-legacy.pth`],
    ]);
    using archive = await TarArchive.open(file);
    expect((await openTorch(archive.member('a')!)).values).toMatchObject([{ shape: [4] }]);
  });

  it('is read where it lies in pieces, as split makes them', async () => {
    const file = tar('whole.tar', 'GNU', [
      ['first', `${fixtures}README.md`],
      ['dir/000003-FULL.pth', full],
    ]);
    execFileSync('split', ['-b', '7000', file, at('pieces.tar')]);
    using whole = await TarArchive.open(file);
    using pieces = await TarArchive.open(at('pieces.taraa'));
    expect(statSync(at('pieces.tarba')).size).toBe(7000);
    expect(pieces.directory).toEqual(whole.directory);
    const read = async (archive: TarArchive) => numbersIn((await openTorch(archive.memberAt(1))).values);
    expect(await read(pieces)).toEqual(await read(whole));

    rmSync(at('pieces.tarac'));
    const error = await TarArchive.open(at('pieces.taraa')).catch((e) => e);
    expect(error).toMatchObject({ name: 'ReadError', code: 'IO', file: at('pieces.tarac') });
  });

  it('that was cut short says in which member', async () => {
    const file = tar('cut.tar', 'PAX', [
      ['first', `${fixtures}README.md`],
      ['dir/000003-FULL.pth', full],
    ]);
    truncateSync(file, 100_000);
    const error = await TarArchive.open(file).catch((e) => e);
    expect(error).toBeInstanceOf(ReadError);
    expect(error).toMatchObject({ code: 'TRUNCATED', file, offset: 100_000 });
    expect(error.message).toContain('dir/000003-FULL.pth');
  });

  it('that is none, missing or changed is a typed error', async () => {
    writeFileSync(at('text.tar'), 'x'.repeat(2000));
    await expect(TarArchive.open(at('text.tar'))).rejects.toMatchObject({ code: 'BAD_CONTAINER', offset: 0 });
    await expect(TarArchive.open(at('missing.tar'))).rejects.toMatchObject({ code: 'IO' });
    await expect(TarArchive.open(folder)).rejects.toMatchObject({ code: 'NOT_A_FILE' });
    await expect(TarArchive.open(17 as never)).rejects.toThrow(TypeError);
    const file = tar('changed.tar', 'GNU', [['a', full]]);
    using archive = await TarArchive.open(file);
    writeFileSync(file, readFileSync(file).subarray(0, 5000));
    await expect(openTorch(archive.memberAt(0))).rejects.toMatchObject({ code: 'CHANGED' });
    expect(() => archive.memberAt(7)).not.toThrow();
    await expect(openTorch(archive.memberAt(7))).rejects.toThrow(TypeError);
    archive.close();
    await expect(openTorch(archive.memberAt(0))).rejects.toMatchObject({ code: 'DISPOSED' });
  });

  it('can be given up while its headers are walked', async () => {
    const file = tar('signal.tar', 'GNU', [['a', full]]);
    const reason = new Error('enough');
    await expect(TarArchive.open(file, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('the directory of a tar archive', () => {
  const many = (name: string, count = 300) =>
    tar(
      name,
      'GNU',
      Array.from({ length: count }, (_, i) => [
        `records/${String(i).padStart(6, '0')}-FULL.pth`,
        i + 1 < count ? `${fixtures}README.md` : full,
      ]),
    );
  /** What an archive's members are, where its directory came from, and where it was kept. */
  async function opened(file: string, sideCar?: SideCar) {
    using archive = await TarArchive.open(file, { sideCar });
    const { sideCar: from, directory } = archive;
    const last = numbersIn((await openTorch(archive.memberAt(directory.names.length - 1))).values);
    return { from, kept: await archive.sideCarKept(), directory, last };
  }

  it('is kept where it is asked for and read from there, with the same members', async () => {
    const file = many('kept.tar');
    const walked = await opened(file, at('kept'));
    expect(walked).toMatchObject({ from: null, kept: expect.stringMatching(/kept\.tar\.[0-9a-f]{12}\.nb201-index$/) });
    const read = await opened(file, at('kept'));
    expect(read).toEqual({ ...walked, from: walked.kept, kept: undefined });
    expect(await opened(file, false)).toEqual({ ...walked, kept: undefined });
  });

  it('is kept beside a large archive, of pieces beside the first, and of none with few members', async () => {
    const file = many('beside.tar');
    execFileSync('truncate', ['-s', '+17M', file]);
    expect(await opened(file)).toMatchObject({ from: null, kept: `${file}.nb201-index` });
    expect(await opened(file)).toMatchObject({ from: `${file}.nb201-index` });

    execFileSync('split', ['-b', '9M', file, at('split.tar')]);
    const kept = `${at('split.taraa')}.nb201-index`;
    const walked = await opened(at('split.taraa'));
    expect(walked).toMatchObject({ from: null, kept });
    expect(await opened(at('split.taraa'))).toEqual({ ...walked, from: kept, kept: undefined });
    utimesSync(at('split.tarab'), 1, 1);
    expect(await opened(at('split.taraa'))).toMatchObject({ from: null, kept });

    const few = many('few.tar', 3);
    execFileSync('truncate', ['-s', '+17M', few]);
    expect(await opened(few)).toMatchObject({ from: null, kept: undefined });
  });

  it('is walked again where the archive changed', async () => {
    const file = many('other.tar');
    const { kept } = await opened(file, at('other'));
    const { mtime } = statSync(file);
    const longer = many('other.tar', 301);
    utimesSync(longer, mtime, mtime);
    const again = await opened(file, at('other'));
    expect(again).toMatchObject({ from: null, kept });
    expect(again.directory.names).toHaveLength(301);

    // Of the same size and time, with other content.
    const bytes = readFileSync(file);
    const { mtime: before } = statSync(file);
    bytes.write('X', bytes.length - 1);
    writeFileSync(file, bytes);
    utimesSync(file, before, before);
    expect(await opened(file, at('other'))).toMatchObject({ from: null, kept });
  });

  it('is walked again where its side-car is damaged, whichever byte it is', async () => {
    const file = many('damaged.tar');
    const walked = await opened(file, at('damaged'));
    const whole = readFileSync(walked.kept!);
    const places = [...Array(56).keys(), 60, 64, 72, 76, 7200, whole.length - 1];
    for (const place of places) {
      const damaged = Uint8Array.from(whole);
      damaged[place]! ^= 1;
      writeFileSync(walked.kept!, damaged);
      expect(await opened(file, at('damaged')), `byte ${place}`).toEqual(walked);
    }
    for (const length of [0, 10, 56, 57, 7000, whole.length - 1]) {
      writeFileSync(walked.kept!, whole.subarray(0, length));
      expect(await opened(file, at('damaged')), `${length} bytes`).toEqual(walked);
    }
    writeFileSync(walked.kept!, Buffer.concat([whole, Buffer.from('x')]));
    expect(await opened(file, at('damaged'))).toEqual(walked);
    expect(readFileSync(walked.kept!)).toEqual(whole);
  });
});

describe('a tar archive of 200 GB', () => {
  it('opens with one small read a member and no more memory than its directory', () => {
    // Real headers of 15,625 members, 13 MB each, and holes between them; the last three members are real.
    const program = `
import os, sys, tarfile
archive, full = sys.argv[1:]
size, data = 13_000_000, open(full, 'rb').read()
with open(archive, 'wb') as out:
    for index in range(15_625):
        info = tarfile.TarInfo('NAS-Bench-201-v1_1-archive/%06d-FULL.pth' % index)
        real = index > 15_621
        info.size = len(data) if real else size
        out.write(info.tobuf(tarfile.GNU_FORMAT))
        if real: out.write(data)
        else: out.seek(size, os.SEEK_CUR)
        out.seek(-out.tell() % 512, os.SEEK_CUR)
    out.write(bytes(1024))`;
    const file = at('large.tar');
    execFileSync('python3', ['-c', program, file, full]);
    expect(statSync(file).size).toBeGreaterThan(200e9);
    const script = `
import { openTorch, TarArchive } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
const bare = process.resourceUsage().maxRSS;
const archive = await TarArchive.open(${JSON.stringify(file)});
const members = archive.directory.names.length;
const { values: [record] } = await openTorch(archive.memberAt(15_624));
const state = [...record.get('full').get('all_results').values()][0].get('net_state_dict');
const shapes = [...state].map(([name, { shape, data }]) => [name, shape.join(), data.length]);
console.log(JSON.stringify({ members, shapes, grown: (process.resourceUsage().maxRSS - bare) * 1024 }));`;
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(run.stderr).toBe('');
    const { members, shapes, grown } = JSON.parse(run.stdout);
    expect(members).toBe(15_625);
    expect(shapes).toContainEqual(['stem.0.weight', '2,3,3,3', 54]);
    expect(grown).toBeLessThan(100e6);
    rmSync(file);
  });
});
