// Who may make a file, among processes on one machine and on several.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { Claim, type Claimant, claimant, type Holder } from '../src/generate/claim.js';

const folder = mkdtempSync(join(tmpdir(), 'nb201-claim-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const place = () => {
  const name = `arch-000000-seed-${String(files++).padStart(4, '0')}.pth`;
  return { path: join(folder, name), lock: join(folder, `.${name}.lock`) };
};
const isClaim = (claim: Claim | Claimant): claim is Claim => claim instanceof Claim;

async function taken(path: string): Promise<Claim> {
  const claim = await Claim.take(path);
  if (!isClaim(claim)) throw new Error(`it is claimed by ${JSON.stringify(claim)}`);
  return claim;
}

/** The lock of a process on another machine. */
function foreign(path: string): void {
  const holder: Partial<Holder> = { host: 'gpu-07', pid: 4711, job: '12_3', system: 'gpu-07 another boot', token: 'a' };
  writeFileSync(path, JSON.stringify(holder));
}

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);

describe('a claim', () => {
  it('is had by one, and by the next when it is released', async () => {
    const { path, lock } = place();
    const claim = await taken(path);
    expect(await Claim.take(path)).toMatchObject({ alive: true, holder: { host: hostname(), pid: process.pid } });
    expect(await claimant(path)).toMatchObject({ alive: true });
    await claim.release();
    expect(existsSync(lock)).toBe(false);
    await (await taken(path)).release();
    expect(await claimant(path)).toBeUndefined();
  });

  it('is had by one of many who want it at once', async () => {
    const { path } = place();
    const claims = await Promise.all(Array.from({ length: 20 }, () => Claim.take(path)));
    expect(claims.filter(isClaim)).toHaveLength(1);
    await claims.find(isClaim)!.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of a process that was killed is taken over at once', async () => {
    const { path } = place();
    const module = new URL('../dist/generate/claim.js', import.meta.url).href;
    const program = `import(${JSON.stringify(module)}).then(async ({ Claim }) => {
      await Claim.take(${JSON.stringify(path)}); console.log('claimed'); setInterval(() => {}, 1000); })`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    expect(await Claim.take(path)).toMatchObject({ alive: true, holder: { pid: child.pid } });
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(await claimant(path)).toMatchObject({ alive: false, holder: { pid: child.pid } });
    await (await taken(path)).release();
  });

  it('of a process whose number another one has got is taken over', async () => {
    const { path, lock } = place();
    const claim = await taken(path);
    const holder = JSON.parse(readFileSync(lock, 'utf8')) as Holder;
    await claim.release();
    writeFileSync(lock, JSON.stringify({ ...holder, started: '1', token: 'old' }));
    await (await taken(path)).release();
  });

  it('on another machine counts as long as that gives signs of life', async () => {
    const { path, lock } = place();
    foreign(lock);
    expect(await Claim.take(path)).toMatchObject({ alive: true, holder: { host: 'gpu-07', job: '12_3' } });
    utimesSync(lock, minutesAgo(4), minutesAgo(4));
    expect(await Claim.take(path)).toMatchObject({ alive: true });
    utimesSync(lock, minutesAgo(6), minutesAgo(6));
    expect(await claimant(path)).toMatchObject({ alive: false });
    await (await taken(path)).release();
  });

  it('that was torn by a loss of power is taken over when it is old', async () => {
    const { path, lock } = place();
    writeFileSync(lock, '');
    expect(await Claim.take(path)).toEqual({ holder: undefined, alive: true });
    utimesSync(lock, minutesAgo(6), minutesAgo(6));
    await (await taken(path)).release();
  });

  it('gives signs of life, and none for whoever took it over', async () => {
    const { path, lock } = place();
    const claim = await Claim.take(path, { beatMs: 20 });
    utimesSync(lock, minutesAgo(9), minutesAgo(9));
    await expect.poll(() => Date.now() - statSync(lock).mtimeMs).toBeLessThan(60_000);
    rmSync(lock);
    foreign(lock);
    utimesSync(lock, minutesAgo(9), minutesAgo(9));
    await setTimeout(100);
    expect(Date.now() - statSync(lock).mtimeMs).toBeGreaterThan(8 * 60_000);
    await (claim as Claim).release();
    expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({ host: 'gpu-07' });
  });
});
