// Benchmarks are made by the built command as a user makes them: from nothing to a file that the reference opens, killed
// on the way, by several processes, with a disk that fills, and on a cluster.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BenchmarkStatus, NASBench201API, PythonRandom, readTorch, torchPath } from 'nas-bench-201';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPython } from '../../../test-fixtures/python.mjs';
import { Asker, FIXTURES, readAnswers } from '../../api/test/support/ask.js';
import { wrongAnswers } from '../../api/test/support/compare.js';
import { cli, MAIN, type Outcome } from './support/cli.js';
import { Cluster, slurmMissing } from './support/slurm.js';

const SCRIPTS = join(FIXTURES, 'scripts');
const REFERENCE = fileURLToPath(new URL('../../../.cache/reference/nas-bench-201-2.1', import.meta.url));

const python = findPython('torch, numpy, PIL');
const missing = [
  !python && 'a python3 with torch, numpy and PIL',
  !torchPath().built && 'libtorch',
  !existsSync(REFERENCE) && `the reference (${REFERENCE}; npm run setup -- --tests gets it)`,
].filter(Boolean);
const title = `nb201 generate${missing.length ? ` (SKIPPED: there is no ${missing.join(', no ')})` : ''}`;

/** Networks of two channels and one cell, and three data sets; real images where NB201_DATA names their folder. */
const SIZE = ['-C', '2', '-N', '1'];
const DATASETS = 'cifar10-valid,cifar10,cifar100';
/** MiB that suffice for a batch of 60 of such a network, and not for three. */
const MEMORY_OF_ONE = '16';

describe.skipIf(missing.length > 0)(title, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'nb201-generate-'));
  const data = process.env.NB201_DATA ?? join(scratch, 'data');
  let folders = 0;

  beforeAll(() => {
    if (process.env.NB201_DATA) return;
    execFileSync(python!, [join(SCRIPTS, 'make_small_data_sets.py'), data, '--images', '60'], { stdio: 'ignore' });
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  function started(): string {
    const folder = join(scratch, `bench-${folders++}`);
    expect(cli('generate', 'meta', folder).code).toBe(0);
    return folder;
  }

  const training = (archs: string, seeds: string) => [
    ...['--hp', '12', '--data', data, '--any-sums', '--archs', archs, '--seeds', seeds, '--datasets', DATASETS],
    ...['--epochs', '2', '--limit', '300', '--batch', '64', '--threads', '1', ...SIZE],
  ];
  const train = (folder: string, archs: string, seeds: string, ...more: string[]) =>
    cli('generate', 'train', folder, ...training(archs, seeds), ...more);
  const runs = (folder: string) => join(folder, '000000-000389-C2-N1-LESS');
  const status = (folder: string) =>
    JSON.parse(cli('generate', 'status', folder, ...SIZE, '--json').out) as BenchmarkStatus;

  type Losses = Map<number, number>;
  async function losses(run: string): Promise<Losses[]> {
    const file = (await readTorch(run)) as Map<string, Map<string, Losses>>;
    return DATASETS.split(',').map((dataset) => file.get(dataset)!.get('train_losses')!);
  }

  /** Whatever bears the name of something finished is. */
  async function expectWhole(folder: string): Promise<number> {
    const finished = existsSync(runs(folder))
      ? readdirSync(runs(folder)).filter((name) => name.startsWith('arch-'))
      : [];
    for (const name of finished) expect(await losses(join(runs(folder), name))).toHaveLength(3);
    for (const name of readdirSync(folder).filter((name) => name.startsWith('NAS-Bench-201'))) {
      (await NASBench201API.open(join(folder, name), { sideCar: false })).close();
    }
    return finished.length;
  }

  it('goes on after each of 20 kills, and ends with a file that answers the reference and us the same', async () => {
    const folder = started();
    const random = new PythonRandom(20);
    const steps = [
      ['generate', 'train', folder, ...training('0-5', '777,888')],
      ['generate', 'latency', folder, ...SIZE, '--batch', '2', '--batches', '3'],
      ['generate', 'merge', folder, ...SIZE, '--force'],
    ];
    let kills = 0;
    for (let step = 0; step < steps.length; ) {
      const child = spawn(process.execPath, [MAIN, ...steps[step]!], { stdio: 'ignore' });
      const ended = once(child, 'close').then(([code]) => code as number | null);
      if (kills < 20) await Promise.race([setTimeout(random.random() * 2500), ended]);
      if (kills < 20 && child.kill('SIGKILL')) kills++;
      if ((await ended) === 0) step++;
      // All is done before that many kills: once more.
      if (step === steps.length && kills < 20) step = steps.length - 1;
      await expectWhole(folder);
    }
    expect(kills).toBe(20);
    expect(await expectWhole(folder)).toBe(12);
    // Nothing is left of what was killed.
    expect(readdirSync(runs(folder)).filter((name) => /^\.(?!.*\.lock\.)/.test(name))).toEqual([]);
    expect(status(folder).ranges).toMatchObject([
      { done: 12, architectures: 6, running: [], interrupted: [], failed: [] },
    ]);

    const benchmark = join(folder, readdirSync(folder).find((name) => name.startsWith('NAS-Bench-201'))!);
    expect(cli('verify', benchmark).code).toBe(0);
    const answers = join(scratch, 'answers.json');
    const compare = [join(SCRIPTS, 'compare_with_reference.py'), benchmark, answers];
    execFileSync(python!, [...compare, '--reference', REFERENCE, '--questions', '300'], { stdio: 'ignore' });
    const asked = readAnswers(answers).answers;
    expect(asked.filter(({ answer }) => answer !== undefined).length).toBeGreaterThan(100);
    expect(await wrongAnswers(new Asker(benchmark, { sideCar: false }), asked)).toEqual([]);

    // What was put together from what was left is what one uninterrupted process trains.
    const quiet = started();
    expect(train(quiet, '5', '888').code).toBe(0);
    const run = 'arch-000005-seed-0888.pth';
    expect(await losses(join(runs(folder), run))).toEqual(await losses(join(runs(quiet), run)));
  }, 300_000);

  it('divides the work among a process for each device', () => {
    const folder = started();
    const { code, out, err } = train(folder, '0-1', '777,888', '--device', 'cpu,cpu', '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toEqual({ trained: 4, there: 0, taken: 0, failed: 0 });
    expect(train(folder, '0-1', '777,888').out).toBe('0 runs trained, 4 there already\n');
  }, 60_000);

  it('trains several networks at the same time as it trains one after another', async () => {
    const [together, apart] = [started(), started()];
    const asked = ['0-2', '777'] as const;
    expect(train(together, ...asked, '--networks', '3').out).toMatch(/3 runs trained\n$/);
    expect(train(apart, ...asked).out).toMatch(/3 runs trained\n$/);
    const names = readdirSync(runs(apart)).filter((name) => name.startsWith('arch-'));
    expect(names).toHaveLength(3);
    for (const name of names)
      expect(await losses(join(runs(together), name))).toEqual(await losses(join(runs(apart), name)));
    expect(await expectWhole(together)).toBe(3);
  }, 60_000);

  it('goes on with as many networks at a time as memory suffices for', async () => {
    const folder = started();
    const { code, out } = train(folder, '0-2', '777', '--networks', '3', '--memory', MEMORY_OF_ONE, '--batch', '60');
    expect(out).toMatch(
      /^postponed {2}0.* out of memory on cpu with batches of 60 images; .*; (one|\d) networks? at a time fits?$/m,
    );
    expect(out).toMatch(/^3 runs trained$/m);
    expect(code).toBe(0);
    expect(await expectWhole(folder)).toBe(3);
    expect(readdirSync(runs(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
    const none = train(folder, '4', '777', '--networks', '3', '--memory', '2', '--batch', '60');
    expect(none.out).toMatch(/^failed {3}000004 seed 0777: .*batches of \d+ fit|not even/m);
    expect([none.code, await expectWhole(folder)]).toEqual([1, 3]);
  }, 60_000);

  it('leaves a run to the process that is at work on it, or waits for it', async () => {
    const folder = started();
    const first = spawn(process.execPath, [MAIN, 'generate', 'train', folder, ...training('3', '777')]);
    const lock = join(runs(folder), '.arch-000003-seed-0777.pth.lock');
    await expect.poll(() => existsSync(lock), { timeout: 20_000 }).toBe(true);
    first.kill('SIGSTOP');
    const skipped = train(folder, '3', '777');
    expect(skipped.out).toMatch(
      /^skipped +000003 seed 0777: .*, process \d+ works on it\n0 runs trained, 1 at work elsewhere\n$/,
    );
    expect(status(folder).ranges[0]!.running).toMatchObject([{ index: 3, seed: 777, holder: { pid: first.pid } }]);
    const waiting = spawn(process.execPath, [MAIN, 'generate', 'train', folder, ...training('3', '777'), '--wait']);
    const said = outputOf(waiting);
    await setTimeout(1500);
    first.kill('SIGKILL');
    expect(await said).toMatch(/1 runs? trained/);
    expect(await expectWhole(folder)).toBe(1);
  }, 60_000);

  it('says that a disk is full, leaves nothing half-written, and goes on when there is room', async () => {
    const folder = started();
    const limited = (blocks: number): Outcome => {
      const command = ['generate', 'train', folder, ...training('3', '777')].map((word) => `'${word}'`).join(' ');
      const shell = `trap '' XFSZ; ulimit -f ${blocks}; exec '${process.execPath}' '${MAIN}' ${command}`;
      const { status, stdout, stderr } = spawnSync('bash', ['-c', shell], { encoding: 'utf8' });
      return { code: status, out: stdout, err: stderr };
    };
    const { code, err } = limited(20);
    expect(code).toBe(1);
    expect(err).toMatch(/^error: .*arch-000003-seed-0777\.pth.*cannot be written: .*(file too large|no space left)/i);
    expect(readdirSync(runs(folder)).filter((name) => name.endsWith('.pth') || name.endsWith('.tmp'))).toEqual([]);
    expect(limited(2000).code).toBe(0);
    expect(await expectWhole(folder)).toBe(1);
  }, 60_000);

  it('names what is wrong with the folder, the architectures or the data', () => {
    const folder = started();
    expect(cli('generate', 'meta', folder).err).toMatch(/meta-node-4\.pth.*not overwritten/);
    expect(train(join(scratch, 'nowhere'), '0', '777').err).toMatch(/nb201 generate meta/);
    expect(train(folder, '15625', '777').err).toMatch(/no architecture 15625/);
    expect(train(folder, '0', '777', '--data', scratch).err).toMatch(/data_batch_1|cifar-10/);
    expect(train(folder, '0', '777', '--datasets', 'mnist').code).toBe(2);
  }, 60_000);

  const noSlurm = slurmMissing();
  it.skipIf(noSlurm)(
    `trains on a cluster: a task that is killed goes back into the queue and finishes${noSlurm ? ` (SKIPPED: ${noSlurm})` : ''}`,
    async () => {
      const cluster = await Cluster.start();
      try {
        const folder = started();
        const on = (...args: string[]) =>
          spawnSync(process.execPath, [MAIN, 'generate', ...args], { env: cluster.env, encoding: 'utf8' });
        const array = [...training('0-1', '777'), '--gres', 'none', '--chunk', '1'];
        const submitted = on('slurm', folder, ...array, '--json', '--', '--comment=a test');
        expect(submitted.stderr).toBe('');
        const { job, tasks } = JSON.parse(submitted.stdout) as { job: number; tasks: string[] };
        expect(tasks).toEqual(['0', '1']);
        const state = () => JSON.parse(on('status', folder, ...SIZE, '--json').stdout) as BenchmarkStatus;
        const second = () => state().ranges[0]?.running.find(({ index }) => index === 1)?.holder;
        await expect.poll(() => second()?.job, { timeout: 30_000, interval: 100 }).toBe(`${job}_1`);
        process.kill(second()!.pid, 'SIGKILL');
        const inQueue = () => cluster.ask('squeue', '-h', '-r', '-j', `${job}`, '-o', '%K|%T|%r');
        await expect.poll(inQueue, { timeout: 30_000, interval: 200 }).toContain('1|PENDING|BeginTime');
        expect(state().jobs[0]!.queued.find(({ task }) => task === 1)).toMatchObject({ state: 'PENDING' });
        // Slurm waits two minutes before it starts again what was put back; not so here, once the task has left its node.
        const wake = () => cluster.ask('scontrol', 'update', `jobid=${job}_1`, 'starttime=now');
        await expect.poll(() => wake() + inQueue(), { timeout: 30_000, interval: 500 }).not.toContain('PENDING');
        // It may be put back once more while its node is cleaned up after the first time.
        const done = () => {
          wake();
          return state().ranges[0]!.done;
        };
        await expect.poll(done, { timeout: 40_000, interval: 500 }).toBe(2);
        await expect.poll(() => state().jobs[0]!.queued, { timeout: 20_000, interval: 500 }).toEqual([]);
        expect(readFileSync(join(folder, 'slurm', `${job}_1.log`), 'utf8')).toMatch(
          /ended with 137; back into the queue/,
        );
        expect(await expectWhole(folder)).toBe(2);
      } finally {
        await cluster.stop();
      }
    },
    120_000,
  );
});

async function outputOf(child: ChildProcess): Promise<string> {
  let out = '';
  child.stdout!.on('data', (piece: Buffer) => {
    out += piece.toString();
  });
  await once(child, 'close');
  return out;
}
