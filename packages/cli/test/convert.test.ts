// The built commands convert and diff as a user runs them.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { cli, MAIN } from './support/cli.js';

vi.setConfig({ testTimeout: 60_000 });

const BENCHMARKS = fileURLToPath(new URL('../../../test-fixtures/benchmark/', import.meta.url));
const V1_1 = join(BENCHMARKS, readdirSync(BENCHMARKS).find((name) => name.startsWith('NAS-Bench-201-v1_1'))!);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nb201-cli-convert-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('nb201 convert', () => {
  it('says what it wrote, silently otherwise', () => {
    const to = join(folder, 'a.parquet');
    const { code, out, err } = cli('convert', V1_1, to);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^.*a\.parquet {2}\d+ kB\n5 architectures, 57 trials, 65,580 numbers in [\d.]+ s \(.*\/s\)\n$/);
    expect(cli('query', to, '0', '--json').out).toBe(cli('query', V1_1, '0', '--json').out);
  });

  it('info knows what was written', () => {
    for (const extension of ['.pb', '.parquet']) {
      const to = join(folder, `known${extension}`);
      cli('convert', V1_1, to);
      const { code, out } = cli('info', to);
      expect(code).toBe(0);
      expect(out).toContain(`NAS-Bench-201 benchmark, converted to ${extension}`);
      expect(out).toMatch(/^architectures +[\d,]+ named, 5 with results$/m);
    }
  });

  it('--json prints a summary of what was written', () => {
    const to = join(folder, 'a.jsonl.gz');
    const { out } = cli('convert', V1_1, to, '--json', '--archs', '0-9', '--hp', '200');
    expect(JSON.parse(out)).toMatchObject({
      file: to,
      format: 'jsonl',
      architectures: 3,
      bytes: readFileSync(to).length,
    });
  });

  it('- writes to the standard output, and nothing else there', () => {
    const to = join(folder, 'plain.jsonl');
    cli('convert', V1_1, to);
    const { code, out, err } = cli('convert', V1_1, '-', '--format', 'jsonl');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(readFileSync(to, 'utf8'));
    expect(cli('convert', V1_1, '-').err).toMatch(/--format/);
    expect(cli('convert', V1_1, '-', '--format', 'pb', '--json').code).toBe(1);
  });

  it('into a reader that has enough ends quietly', () => {
    const command = `"${process.execPath}" "${MAIN}" convert "${V1_1}" - --format jsonl | head -c 100`;
    const { stdout, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
    expect(stdout).toHaveLength(100);
    expect(stderr).toBe('');
  });

  it('refuses an existing file without --force', () => {
    const to = join(folder, 'precious.pb');
    writeFileSync(to, 'precious');
    const { code, err } = cli('convert', V1_1, to);
    expect(code).toBe(1);
    expect(err).toBe(`error: there is a file ${to} already\n`);
    expect(readFileSync(to, 'utf8')).toBe('precious');
    expect(cli('convert', V1_1, to, '--force').code).toBe(0);
  });

  it('wrong usage exits with 2 and says what is right', () => {
    for (const [option, value, expected] of [
      ['--hp', '12,13', /'13' is none of 01, 12, 90, 200/],
      ['--sets', 'valid', /'valid' is none of train, x-valid/],
      ['--fields', 'accuracy', /train_acc1es/],
      ['--epochs', 'first', /whole number/],
      ['--container', 'tar', /legacy, zip/],
    ] as const) {
      const { code, err } = cli('convert', V1_1, join(folder, 'never.pb'), option, value);
      expect(code).toBe(2);
      expect(err).toMatch(expected);
    }
    expect(cli('convert', V1_1, join(folder, 'never.xyz')).err).toMatch(/\.pb, \.jsonl/);
    expect(cli('convert', V1_1, join(folder, 'never.pb'), '--archs', '9-1').err).toMatch(/0-99,284/);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`${signal} leaves nothing behind and says so`, async () => {
      const place = mkdtempSync(join(folder, 'interrupted-'));
      const to = join(place, 'out.jsonl.gz');
      // A pipe that nobody fills yet: the command waits for its input until the signal comes.
      const input = join(place, 'input.jsonl');
      execFileSync('mkfifo', [input]);
      const child = spawn(process.execPath, [MAIN, 'convert', input, to], { stdio: ['ignore', 'ignore', 'pipe'] });
      let err = '';
      child.stderr.on('data', (piece) => {
        err += piece;
      });
      const source = cli('convert', V1_1, '-', '--format', 'jsonl').out;
      const writer = spawn('sh', ['-c', `cat > "${input}"`], { stdio: ['pipe', 'ignore', 'ignore'] });
      writer.stdin.write(source.slice(0, source.length / 2));
      await vi.waitFor(() => expect(readdirSync(place).length).toBe(2), 20_000);
      child.kill(signal);
      const code = await new Promise((resolve) => child.on('exit', resolve));
      writer.kill();
      expect(code).toBe(130);
      expect(err).toBe(`error: interrupted: ${to} was not written\n`);
      expect(readdirSync(place)).toEqual(['input.jsonl']);
    });
  }
});

describe('nb201 diff', () => {
  it('says that a converted file is the same', () => {
    const to = join(folder, 'same.pb');
    cli('convert', V1_1, to);
    expect(cli('diff', V1_1, to)).toEqual({ code: 0, out: 'the same  5 architectures\n', err: '' });
    expect(JSON.parse(cli('diff', V1_1, to, '--json').out)).toMatchObject({
      same: true,
      architectures: 5,
      differences: 0,
    });
  });

  it('shows where two differ, down to the last bit of a number', () => {
    const [a, b] = [join(folder, 'a.jsonl'), join(folder, 'b.jsonl')];
    cli('convert', V1_1, a);
    const [header, record, ...rest] = readFileSync(a, 'utf8').split('\n');
    const changed = record!.replace(
      /("train_losses":\{"0":)([\d.]+)/,
      (_, key, number) => key + (Number(number) + 2 ** -50),
    );
    const fewer = rest.slice(1);
    writeFileSync(b, [header, changed, ...fewer].join('\n'));
    const { code, out } = cli('diff', a, b);
    expect(code).toBe(1);
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^architecture 0, hp (12|200), .*, seed \d+: train_losses, epoch 0 {2}[\d.]+ \| [\d.]+$/);
    expect(lines[1]).toBe('architecture 3  a record | nothing');
    expect(lines[2]).toBe('different  2 differences');
    expect(lines).toHaveLength(3);
    expect(JSON.parse(cli('diff', a, b, '--json', '--limit', '1').out)).toMatchObject({ same: false, differences: 2 });
    expect(cli('diff', a, b, '--archs', '9,17').code).toBe(0);
  });
});
