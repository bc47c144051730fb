import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { describeWithTorch } from './support/networks.js';

const DIST = new URL('../dist/index.js', import.meta.url).href;
const ALL_NETWORKS = fileURLToPath(new URL('support/all-networks.mjs', import.meta.url));

/** Runs Node; resolves with how it ended and what it printed. */
function node(args: string[]): Promise<{ code: number | null; signal: string | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { timeout: 110_000 });
    const text = { out: '', err: '' };
    child.stdout.on('data', (chunk) => {
      text.out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      text.err += chunk;
    });
    child.on('close', (code, signal) => resolve({ code, signal, ...text }));
  });
}

const script = (source: string) => node(['--input-type=module', '--expose-gc', '-e', source]);

const NETWORK = `
  const { Network, setTorchThreads } = await import(${JSON.stringify(DIST)});
  await setTorchThreads(1);
  const arch = '|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|';
  const images = (n) => ({ data: new Float32Array(n * 3 * 32 * 32).fill(0.5), shape: [n, 3, 32, 32] });
`;

describeWithTorch('a process with networks', () => {
  it('ends by itself once nothing is left to compute', async () => {
    const done = await script(`${NETWORK}
      const network = await Network.fromArch(arch, { seed: 1 });
      console.log((await network.forward(images(1))).logits.shape);`);
    expect(done).toEqual({ code: 0, signal: null, out: '[ 1, 10 ]\n', err: '' });
  });

  it('waits for work that nobody waits for', async () => {
    const done = await script(`${NETWORK}
      const network = await Network.fromArch(arch, { seed: 1 });
      network.forward(images(8)).then(({ logits }) => console.log(logits.shape));`);
    expect(done).toEqual({ code: 0, signal: null, out: '[ 8, 10 ]\n', err: '' });
  });

  it('can be ended in the middle of a forward pass, with more of them queued', async () => {
    const done = await script(`${NETWORK}
      const network = await Network.fromArch(arch, { seed: 1 });
      for (let i = 0; i < 20; i++) network.forward(images(32));
      setTimeout(() => process.exit(7), 30);`);
    expect(done).toEqual({ code: 7, signal: null, out: '', err: '' });
  });

  it('computes in worker threads, which can be ended in the middle of it', async () => {
    const done = await script(`
      import { Worker } from 'node:worker_threads';
      const source = ${JSON.stringify(`${NETWORK}
        const { parentPort, workerData } = await import('node:worker_threads');
        const network = await Network.fromArch(arch, { seed: 1 });
        if (workerData) for (let i = 0; i < 50; i++) network.forward(images(32));
        parentPort.postMessage((await network.forward(images(1))).logits.data[0]);`)};
      const start = (endless) => new Worker(new URL('data:text/javascript,' + encodeURIComponent(source)), { workerData: endless });
      const message = (worker) => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      const [a, b] = await Promise.all([message(start(false)), message(start(false))]);
      const endless = start(true);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await endless.terminate();
      console.log(a === b && a === (await message(start(false))));`);
    expect(done).toEqual({ code: 0, signal: null, out: 'true\n', err: '' });
  });

  it('gives the memory of networks back that nobody disposed of', async () => {
    const done = await script(`${NETWORK}
      const image = images(1);
      const rss = [];
      for (let i = 0; i < 120; i++) {
        await (await Network.fromArch(arch, { seed: i })).forward(image);
        if (i === 30) rss.push(process.memoryUsage.rss());
        if (i % 10 === 0) { gc(); await new Promise(setImmediate); }
      }
      console.log((process.memoryUsage.rss() - rss[0]) / 1e6);`);
    expect(done.err).toBe('');
    // Each takes 5.5 MB; kept, the last ninety would be 490 MB.
    expect(Number(done.out)).toBeLessThan(150);
  });

  it('keeps the memory of a step for the next, and gives it back after a second without work', async () => {
    const done = await script(`${NETWORK.replace('Network,', 'Network, SGD,')}
      const network = await Network.fromArch(arch, { seed: 1 });
      const sgd = new SGD(network.train());
      const step = (n) => sgd.step({ images: images(n), labels: new Array(n).fill(1) });
      const mega = () => process.memoryUsage.rss() / 1e6;
      await step(2);
      const before = mega();
      await step(32);
      const faults = process.resourceUsage().minorPageFault;
      await step(32);
      const again = process.resourceUsage().minorPageFault - faults;
      const busy = mega() - before;
      await new Promise((resolve) => setTimeout(resolve, 1500));
      console.log(JSON.stringify({ again, busy, idle: mega() - before }));`);
    expect(done.err).toBe('');
    const { again, busy, idle } = JSON.parse(done.out);
    // A step's tensors are 30,000 pages, which the system clears for each that it maps anew.
    expect(again).toBeLessThan(5000);
    expect(busy).toBeGreaterThan(100);
    expect(idle).toBeLessThan(busy / 2);
  });

  it('builds and runs all 15,625 networks, the same in both ways, without a leak', { timeout: 120_000 }, async () => {
    const done = await node([ALL_NETWORKS]);
    expect(done.err).toBe('');
    const { networks, wrong, grownMB } = JSON.parse(done.out);
    expect([networks, wrong]).toEqual([15625, 0]);
    // Kept, their tensors alone would be 150 MB.
    expect(grownMB).toBeLessThan(60);
  });
});
