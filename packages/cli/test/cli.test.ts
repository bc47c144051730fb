// The built command as a user runs it: `node dist/main.js`.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { cli, MAIN } from './support/cli.js';

// Most tests start Node several times, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const FIXTURES = fileURLToPath(new URL('../../../test-fixtures/', import.meta.url));
const BENCHMARKS = join(FIXTURES, 'benchmark');
const named = (start: string) => join(BENCHMARKS, readdirSync(BENCHMARKS).find((name) => name.startsWith(start))!);
const V1_1 = named('NAS-Bench-201-v1_1');
const V1_0 = named('NAS-Bench-201-v1_0');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nb201-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function succeeds(...args: string[]): string {
  const { code, out, err } = cli(...args);
  expect(err).toBe('');
  expect(code).toBe(0);
  return out;
}

function written(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** The lines of the table under the title that begins so: each column begins, or ends, at the same place everywhere. */
function tableUnder(out: string, title: string): string[] {
  const lines = out.split('\n');
  const at = lines.findIndex((line) => line.trimStart().startsWith(title));
  expect(at, `${title} in ${out}`).toBeGreaterThanOrEqual(0);
  const end = lines.findIndex((line, i) => i > at && line === '');
  return lines.slice(at, end < 0 ? undefined : end);
}

describe('help and usage', () => {
  it('tells the commands quickly, without the native addon', () => {
    const began = performance.now();
    const out = succeeds('--help');
    const took = performance.now() - began;
    for (const name of ['info', 'inspect', 'query', 'best', 'show', 'archs', 'weights', 'convert', 'diff', 'verify']) {
      expect(out).toMatch(new RegExp(`^ +${name} `, 'm'));
      expect(succeeds(name, '--help')).toContain('--json');
    }
    // Generous: it takes 0.1 s on a machine at rest.
    expect(took).toBeLessThan(2000);
  });

  it('tells its version', () => {
    expect(succeeds('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [['bset', V1_1], 'Did you mean best?'],
    [['query', V1_1], "missing required argument 'architecture'"],
    [['query', V1_1, '9', '--epoc', '3'], 'Did you mean --epoch?'],
    [['query', V1_1, '9', '--hp', '13'], 'Allowed choices are'],
    [['query', V1_1, '9', '--dataset', 'mnist'], 'Allowed choices are'],
    [['query', V1_1, '9', '--epoch', 'last'], 'expected a whole number'],
    [['best', V1_1, '--max-flops', '-1'], 'expected a number above 0'],
    [['show', V1_1, 'nine'], 'expected a whole number'],
  ])('%j is wrong usage', (args, message) => {
    const { code, out, err } = cli(...args);
    expect(err).toContain(message);
    expect(out).toBe('');
    expect(code).toBe(2);
  });
});

describe('info', () => {
  it('describes a benchmark', () => {
    const out = succeeds('info', V1_1);
    expect(out).toContain('NAS-Bench-201 benchmark, version 1.1');
    expect(out).toContain('60 named, 5 with results');
    const table = tableUnder(out, 'hp ');
    expect(table).toHaveLength(9);
    const at = table[0]!.indexOf('data set');
    expect(table.slice(1).map((line) => line.slice(at).split(' ')[0])).toContain('ImageNet16-120');
    const end = table[0]!.indexOf('1 trial') + '1 trial'.length;
    for (const line of table.slice(1)) expect(line.slice(0, end)).toMatch(/[\d–]$/);
  });

  it('describes folders, single records and other files', () => {
    expect(succeeds('info', join(BENCHMARKS, 'NATS-sss-v1_0-small-simple'))).toContain('NATS-Bench, size space');
    expect(succeeds('info', join(BENCHMARKS, 'archive', '000003-FULL.pth'))).toContain('record of architecture 3');
    expect(succeeds('info', join(FIXTURES, 'values', 'tensors-zip.pth'))).toContain('torch, zip');
  });

  it('prints one JSON document', () => {
    expect(JSON.parse(succeeds('info', V1_0, '--json'))).toMatchObject({ kind: 'nas-bench-201', version: '1.0' });
  });

  it('says what stands in the place of a file, and fails', () => {
    const path = written('page.pth', '<!DOCTYPE html><html>Quota exceeded</html>');
    const { code, out } = cli('info', path);
    expect(code).toBe(1);
    expect(out).toContain('web page');
    const asJson = cli('info', path, '--json');
    expect(asJson.code).toBe(1);
    expect(JSON.parse(asJson.out)).toMatchObject({
      kind: 'web-page',
      error: { code: 'NOT_RECOGNIZED', file: path, offset: 0 },
    });
  });
});

describe('inspect', () => {
  it('shows a tree', () => {
    const out = succeeds('inspect', V1_1, '--depth', '1');
    expect(out).toMatch(/^dict of 4\n/);
    expect(out).toMatch(/^├ meta_archs {2}list of 60 /m);
    expect(out).toMatch(/^└ \w+ {2}\w+ of \d+/m);
  });

  it('follows a path through tuples', () => {
    const path = "arch2infos[9].full.all_results[('cifar10', 888)].train_losses[0]";
    const value = JSON.parse(succeeds('inspect', V1_1, '--path', path, '--json'));
    expect(value).toEqual(expect.any(Number));
    expect(Number(succeeds('inspect', V1_1, '--path', path))).toBe(value);
  });

  it('reads a NATS-Bench folder record by record', () => {
    const folderPath = join(BENCHMARKS, 'NATS-tss-v1_0-small-simple');
    expect(succeeds('inspect', folderPath, '--depth', '1')).toContain('meta_archs  list of 3');
  });

  it('says where a path leads nowhere', () => {
    const { code, err } = cli('inspect', V1_1, '--path', 'arch2infos[9].fulll');
    expect(err).toBe('error: there is no $.arch2infos[9].fulll; it has full, less\n');
    expect(code).toBe(1);
    expect(cli('inspect', V1_1, '--path', 'a[').err).toMatch(/^error: path 'a\[', character 2: expected a key/);
  });

  it.each(readdirSync(join(FIXTURES, 'values')))('reads %s', (name) => {
    const path = join(FIXTURES, 'values', name);
    expect(cli('inspect', path, '--depth', '4').code).toBe(0);
    const { code, out } = cli('inspect', path, '--json');
    expect(code).toBe(0);
    expect(() => JSON.parse(out)).not.toThrow();
  });

  it('lets no file steer the terminal', () => {
    const path = written('escape.pkl', Buffer.from(']X\x04\0\0\0\x1b[2Ja.', 'latin1'));
    const out = succeeds('inspect', path);
    expect(out).not.toContain('\x1b');
    expect(out).toContain('\\u001b[2J');
  });

  it('prints a self-containing list, and laughs within the budget', () => {
    const self = written('self.pkl', Buffer.from('80025d9467300a612e', 'hex'));
    expect(succeeds('inspect', self, '--depth', '9')).toContain('the same as $');
    expect(JSON.parse(succeeds('inspect', self, '--json'))).toEqual([{ $ref: '$' }]);
    // Thirty lists, each of twice the one before.
    const doubling = Buffer.from(`80025d7100${'305d2868006800657100'.repeat(30)}2e`, 'hex');
    const laughs = written('laughs.pkl', doubling);
    const out = succeeds('inspect', laughs, '--depth', '40');
    expect(out.split('\n').length).toBeLessThan(10_100);
    expect(out).toContain('ends after 10,000 lines');
    expect(succeeds('inspect', laughs, '--json').length).toBeLessThan(10_000);
  });
});

describe('query', () => {
  it('answers means over trials in aligned tables', () => {
    const { code, out } = cli('query', V1_1, '9');
    expect(code).toBe(0);
    const table = tableUnder(out, 'data set        seeds');
    expect(table).toHaveLength(1 + 3 + 2 + 4 + 4);
    const accuracy = table[0]!.indexOf('accuracy %') + 'accuracy %'.length;
    for (const line of table.slice(1)) expect(line.slice(0, accuracy)).toMatch(/ \d+\.\d\d$/);
  });

  it('answers what the API answers', () => {
    const out = cli('query', V1_1, '9', '--dataset', 'cifar100', '--hp', '12', '--json').out;
    const answer = JSON.parse(out);
    expect(answer).toMatchObject({
      index: 9,
      hp: '12',
      epoch: null,
      seed: null,
      results: [{ dataset: 'cifar100', seeds: [111] }],
    });
    expect(Object.keys(answer.results[0].info)).toEqual(
      ['train', 'valid', 'test', 'valtest'].flatMap((s) =>
        ['loss', 'accuracy', 'per-time', 'all-time'].map((k) => `${s}-${k}`),
      ),
    );
    const byText = JSON.parse(
      cli('query', V1_1, answer.architecture, '--dataset', 'cifar100', '--hp', '12', '--json').out,
    );
    expect(byText).toEqual(answer);
  });

  it('takes an epoch and a seed', () => {
    const ask = (...more: string[]) =>
      JSON.parse(cli('query', V1_1, '0', '--dataset', 'cifar10', '--json', ...more).out);
    expect(ask().results[0].seeds.length).toBe(2);
    expect(ask('--seed', '888').results[0].seeds).toEqual([888]);
    expect(ask('--epoch', '0').results[0].info).not.toEqual(ask().results[0].info);
  });

  it('warns of costs that cannot be right', () => {
    expect(cli('query', V1_1, '41', '--dataset', 'cifar10').err).toMatch(
      /^warning: the costs on cifar10 cannot be right/,
    );
    const json = JSON.parse(cli('query', V1_1, '41', '--dataset', 'cifar10', '--json').out);
    expect(json.results[0].costWarning).toMatchObject({ index: 41, recorded: {}, actual: {} });
  });

  it('shows what was not recorded as a dash, and as null', () => {
    expect(cli('query', V1_0, '0').out).toMatch(/–\n/);
    expect(JSON.parse(cli('query', V1_0, '0', '--json').out).results[0].info['train-all-time']).toBeNull();
  });

  it.each([
    [['query', V1_1, '1'], 'NOT_EVALUATED', /no results of architecture 1/],
    [['query', V1_1, '99999'], 'UNKNOWN_ARCHITECTURE', /index from 0 to 59/],
    [['query', V1_1, '|none~9|'], 'NOTHING_FOUND', /no such architecture/],
    [['query', V1_1, '9', '--dataset', 'cifar10', '--seed', '5'], 'UNKNOWN_SEED', /no trial with seed 5/],
    [['query', V1_1, '9', '--dataset', 'cifar10', '--epoch', '200'], 'UNKNOWN_EPOCH', /epoch/],
  ])('%j fails with one line', (args, errorCode, message) => {
    const { code, out, err } = cli(...args, '--json');
    expect(code).toBe(1);
    expect(err).toMatch(/^error: .*\n$/);
    expect(err).toMatch(message);
    expect(JSON.parse(out).error).toMatchObject({ code: errorCode, message: expect.stringMatching(message) });
  });
});

describe('best', () => {
  it('finds the best of each paper data set', () => {
    const { code, out } = cli('best', V1_1);
    expect(code).toBe(0);
    const table = tableUnder(out, 'data set');
    expect(table.slice(1).filter((line) => line !== '')).toHaveLength(6);
    for (const dataset of ['cifar10', 'cifar100', 'ImageNet16-120'])
      expect(out).toMatch(new RegExp(`^${dataset} +valid`, 'm'));
  });

  it('keeps within limits, or says that nothing does', () => {
    const found = JSON.parse(cli('best', V1_1, '--max-params', '0.5', '--json').out);
    for (const { costs } of found.best) expect(costs.params).toBeLessThanOrEqual(0.5);
    const { code, err } = cli('best', V1_1, '--max-flops', '0.001');
    expect(err).toBe('error: no architecture keeps within the limits\n');
    expect(code).toBe(1);
  });

  it('answers what there is, and warns of what there is not', () => {
    const { code, out, err } = cli('best', V1_0, '--hp', '12');
    expect(code).toBe(0);
    expect(out).toMatch(/^cifar10 +valid/m);
    expect(err).toMatch(/^warning: cifar10, test: architecture \d+ has no 'cifar10'/);
  });

  it('names the sets that there are', () => {
    const { code, err } = cli('best', V1_1, '--dataset', 'cifar10', '--set', 'x-test');
    expect(err).toContain("it has 'train', 'ori-test'");
    expect(code).toBe(1);
  });
});

describe('show', () => {
  it('prints what the Python package prints', () => {
    const name = 'NAS-Bench-201-v1_1';
    const answers = readdirSync(join(FIXTURES, 'answers', 'benchmark')).find((file) => file.startsWith(name))!;
    const { answers: list } = JSON.parse(readFileSync(join(FIXTURES, 'answers', 'benchmark', answers), 'utf8'));
    const shows = list.filter(
      (q: { call: string; args: { index: number }; stdout?: string }) =>
        q.call === 'show' && q.args.index >= 0 && q.stdout,
    );
    expect(shows.length).toBeGreaterThan(0);
    for (const { args, stdout } of shows.slice(0, 3)) expect(succeeds('show', V1_1, String(args.index))).toBe(stdout);
  });
});

describe('archs', () => {
  it('lists all of them, one a line', () => {
    const lines = succeeds('archs').trimEnd().split('\n');
    expect(lines).toHaveLength(15_625);
    expect(lines[9]).toBe('    9  |avg_pool_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|');
    expect(succeeds('archs', '--unique').trimEnd().split('\n')).toHaveLength(6466);
  });

  it('tells one by its index or its text', () => {
    const text = '|nor_conv_1x1~0|+|skip_connect~0|nor_conv_1x1~1|+|nor_conv_3x3~0|none~1|avg_pool_3x3~2|';
    expect(succeeds('archs', '5')).toBe(succeeds('archs', text));
    expect(JSON.parse(succeeds('archs', '5', '--json'))).toMatchObject([
      {
        index: 5,
        architecture: text,
        connected: true,
        same: [5],
        costs: { cifar10: { flops: 51.03681, params: 0.372346 } },
      },
    ]);
  });

  it('lists the architectures of the same network', () => {
    const [{ same }] = JSON.parse(succeeds('archs', '3', '--json'));
    const out = succeeds('archs', '3', '--unique');
    for (const index of same) expect(out).toMatch(new RegExp(`^ *${index}  \\|`, 'm'));
  });

  it('refuses what is none', () => {
    for (const name of ['15625', '|nor_conv_3x3~9|']) {
      const { code, err } = cli('archs', name);
      expect(err).toMatch(/^error: .*\n$/);
      expect(code).toBe(1);
    }
  });
});

describe('verify', () => {
  it('compares the MD5 with the name', () => {
    expect(succeeds('verify', V1_1)).toMatch(/^ok {2}[0-9a-f]{32}/);
    const wrong = join(folder, 'NAS-Bench-201-v1_1-000000.pth');
    copyFileSync(V1_1, wrong);
    const { code, out } = cli('verify', wrong);
    expect(out).toContain('fetch the file again');
    expect(code).toBe(1);
    expect(JSON.parse(cli('verify', wrong, '--json').out)).toMatchObject({ expected: '000000', matches: false });
  });

  it('fails where the name tells none, or there is no file', () => {
    expect(cli('verify', join(BENCHMARKS, 'irregular.pth')).err).toMatch(/^error: the name irregular.pth tells no MD5/);
    const nowhere = join(folder, 'NAS-Bench-201-v1_0-e61699.pth');
    expect(cli('verify', nowhere).err).toBe(`error: ${nowhere}: no such file or directory\n`);
  });
});

describe('files that cannot be read', () => {
  it.each(['query', 'best', 'show', 'inspect'])('%s fails with one line, and JSON where asked', (command) => {
    const whole = readFileSync(V1_1);
    const path = written('cut.pth', whole.subarray(0, whole.length >> 1));
    const rest = command === 'query' || command === 'show' ? ['9'] : [];
    const plain = cli(command, path, ...rest);
    expect(plain.err).toMatch(/^error: .*cut\.pth: byte \d+: expected .*\n$/);
    expect(plain.out).toBe('');
    expect(plain.code).toBe(1);
    const asJson = cli(command, path, ...rest, '--json');
    expect(asJson.code).toBe(1);
    expect(JSON.parse(asJson.out).error).toMatchObject({ code: 'TRUNCATED', file: path, offset: expect.any(Number) });
  });

  it('names a file that is not there', () => {
    for (const command of ['info', 'inspect', 'best']) {
      const { code, err } = cli(command, join(folder, 'nowhere'));
      expect(err).toBe(`error: there is no file ${join(folder, 'nowhere')}\n`);
      expect(code).toBe(1);
    }
  });
});

/** What begins a line anew. */
const CLEARED = '\r\x1b[K';

/** Runs a command on a terminal of its own, with Ctrl-C typed once it has printed what `until` matches. */
function onTerminal(args: string[], { until = '', env = {} }: { until?: string; env?: Record<string, string> } = {}) {
  const script = `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
out, typed = b'', False
while True:
    try: piece = os.read(fd, 65536)
    except OSError: break
    if not piece: break
    out += piece
    if sys.argv[1] and not typed and sys.argv[1].encode() in out:
        os.write(fd, b'\\x03')
        typed = True
sys.stdout.buffer.write(out)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
  const { NO_COLOR: _, ...clean } = process.env;
  const { status, stdout } = spawnSync('python3', ['-c', script, until, process.execPath, MAIN, ...args], {
    encoding: 'utf8',
    env: { ...clean, TERM: 'xterm', ...env },
    timeout: 60_000,
  });
  return { code: status, out: stdout };
}

/** A benchmark file large enough to take a while, by Python's pickler: of small integers, so many more than floats. */
function largeBenchmark(path: string, megabytes: number): void {
  const python = `
import pickle, sys
path, size = sys.argv[1], int(sys.argv[2]) << 20
def trial(dataset, seed):
    return {'name': dataset, 'net_state_dict': None, 'train_acc1es': {e: 1 for e in range(200)}, 'train_acc5es': None,
            'train_losses': {e: 2 for e in range(200)}, 'train_times': {e: 3 for e in range(200)},
            'arch_config': {}, 'params': 0.1, 'flop': 10.0, 'seed': str(seed), 'epochs': 200, 'latency': None,
            'eval_names': ['x-valid'], 'eval_acc1es': {}, 'eval_losses': {}, 'eval_times': {}}
op = '|none~0|+|none~0|none~1|+|none~0|none~1|none~2|'
def record(i):
    state = {'arch_index': i, 'arch_str': op, 'all_results': {('cifar10', s): trial('cifar10', s) for s in (777, 888, 999)},
             'dataset_seed': {'cifar10': [777, 888, 999]}, 'clear_net_done': True}
    return {'full': state, 'less': state}
one = len(pickle.dumps(record(0), 2))
count = size // one
with open(path, 'wb') as file:
    pickle.dump({'meta_archs': [f'arch {i}' for i in range(count)], 'total_archs': count,
                 'arch2infos': {i: record(i) for i in range(count)}, 'evaluated_indexes': list(range(count))}, file, 2)
`;
  execFileSync('python3', ['-c', python, path, String(megabytes)]);
}

describe('on a terminal', () => {
  it('is coloured, unless NO_COLOR says otherwise', () => {
    expect(onTerminal(['query', V1_0, '0']).out).toContain('\x1b[');
    expect(onTerminal(['query', V1_0, '0'], { env: { NO_COLOR: '1' } }).out).not.toContain('\x1b[');
    expect(onTerminal(['query', V1_0, '0'], { env: { TERM: 'dumb' } }).out).not.toContain('\x1b[');
    expect(cli('query', V1_0, '0').out).not.toContain('\x1b[');
  });

  it('shows no progress of what is quickly done', () => {
    expect(onTerminal(['show', V1_1, '9'], { env: { NO_COLOR: '1' } }).out).not.toContain(CLEARED);
  });

  it('shows progress of a large file and clears it; Ctrl-C ends the work', () => {
    const path = join(folder, 'large.pkl');
    largeBenchmark(path, 400);
    try {
      const { out, code } = onTerminal(['show', path, '0'], { until: '%' });
      expect(out).toContain(`${CLEARED}large.pkl  `);
      expect(out).toMatch(/ \d+ % .* of \d+ MB/);
      expect(out.endsWith(CLEARED)).toBe(true);
      expect(code).toBe(130);
      // Without a terminal no bar.
      expect(cli('show', path, '999999').err).toBe('');
    } finally {
      rmSync(path);
    }
  }, 120_000);

  it('ends with 130 on SIGINT at any moment', async () => {
    for (const after of [60, 120, 200]) {
      const child = spawn(process.execPath, [MAIN, 'archs', '--unique', '--json'], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let err = '';
      child.stderr.on('data', (piece) => {
        err += piece;
      });
      child.stdout.resume();
      setTimeout(() => child.kill('SIGINT'), after);
      const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
        child.on('close', (...result) => resolve(result));
      });
      // Before it has begun Node ends by itself; after all is done there is nothing to interrupt.
      expect(signal === 'SIGINT' || code === 130 || code === 0).toBe(true);
      expect(err).toBe('');
    }
  });
});

describe('in a pipe', () => {
  it.each([['archs'], ['archs', '--json'], ['inspect', V1_1, '--json']])(
    '%j ends quietly when its reader does',
    (...args) => {
      const quoted = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
      const { stdout, stderr } = spawnSync('bash', ['-c', `${quoted} | head -n 1; echo "\${PIPESTATUS[0]}"`], {
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
      expect(stdout.trimEnd().split('\n')).toHaveLength(2);
      expect(stdout).toMatch(/\n0\n$/);
    },
  );
});

describe('weights', () => {
  const full = join(BENCHMARKS, 'archive/000000-FULL.pth');
  const trial = ['--dataset', 'cifar10', '--seed', '888'];
  const archive = () => {
    const path = join(folder, 'archive.tar');
    execFileSync('tar', ['-C', BENCHMARKS, '-cf', path, 'archive']);
    return path;
  };

  it('lists the tensors of a trial, out of a folder, a tar archive or a file alike', () => {
    const out = succeeds('weights', archive(), '0', ...trial, '--list');
    expect(out).toContain('cifar10, seed 888, hp 200');
    const [title, first] = tableUnder(out, 'tensor');
    expect(title).toMatch(/tensor +type +shape +min +max +mean +std/);
    expect(first).toMatch(/^stem\.0\.weight +float32 +2 × 3 × 3 × 3 +-0\.9726 +0\.9898 /);
    expect(out).toMatch(/^7 tensors, 83 elements$/m);
    expect(succeeds('weights', full, '0', ...trial, '--list')).toBe(out);
    expect(succeeds('weights', join(BENCHMARKS, 'archive'), '0', ...trial, '--list')).toBe(out);
    const json = JSON.parse(succeeds('weights', full, '0', ...trial, '--list', '--json'));
    expect(json).toMatchObject({ index: 0, dataset: 'cifar10', seed: 888, hp: '200', parameters: 83 });
    expect(json.tensors[5]).toMatchObject({ name: 'stem.1.num_batches_tracked', dtype: 'int64', shape: [], size: 1 });
  });

  it('writes a safetensors file that tells which trial it is, and replaces none unasked', () => {
    const out = join(folder, 'w.safetensors');
    expect(succeeds('weights', archive(), '0', ...trial, '--out', out)).toMatch(/^written .*7 tensors, 83 elements/);
    const bytes = readFileSync(out);
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE(0))));
    expect(header.__metadata__).toEqual({
      format: 'pt',
      index: '0',
      architecture: '|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|',
      dataset: 'cifar10',
      seed: '888',
      hp: '200',
    });
    expect(header['stem.0.weight']).toMatchObject({ dtype: 'F32', shape: [2, 3, 3, 3] });
    const again = cli('weights', full, '0', ...trial, '--out', out);
    expect(again.code).toBe(1);
    expect(again.err).toContain(`${out}: there is a file of this name`);
    expect(readFileSync(out)).toEqual(bytes);
    succeeds('weights', full, '0', ...trial, '--hp', '12', '--seed', '111', '--out', out, '--overwrite');
    expect(readFileSync(out)).not.toEqual(bytes);
  });

  it.each([
    [['weights', V1_1, '0', ...trial, '--list'], /NAS-Bench-201-v1_1-archive has them in 000000-FULL\.pth/],
    [['weights', full, '0', '--dataset', 'cifar10', '--seed', '5', '--list'], /its seeds are 777, 888/],
    [['weights', full, '3', ...trial, '--list'], /results of architecture 0, not 3/],
    [['weights', join(BENCHMARKS, 'archive'), '9', ...trial, '--list'], /000009-FULL\.pth/],
  ])('says what is missing: %j', (args, message) => {
    const { code, err } = cli(...args);
    expect(code).toBe(1);
    expect(err).toMatch(message);
  });

  it.each([
    [['weights', full, '0', ...trial], 'expected --out FILE or --list'],
    [['weights', full, '0', '--list', '--seed', '888'], "required option '--dataset <name>' not specified"],
    [['weights', full, '0', ...trial, '--list', '--out', 'x'], 'cannot be used with'],
  ])('takes a wrong call for one: %j', (args, message) => {
    const { code, err } = cli(...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});
