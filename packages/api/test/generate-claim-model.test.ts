// Processes that want one file, with every call to the file system in an order drawn at random, and killed between any two.
import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import type * as Files from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, expect, it, vi } from 'vitest';

/** A process that exists in the test alone. */
interface Contender {
  pid: number;
  killed: boolean;
}

const running = new AsyncLocalStorage<Contender>();
const waiting: { who: Contender; go: () => void }[] = [];
const dead = new Set<number>();
/** What the killed leave open. */
const opened: Files.FileHandle[] = [];

/** Waits for its turn; for ever where the process is killed. */
const turn = (): Promise<void> => {
  const who = running.getStore();
  return who ? new Promise((go) => waiting.push({ who, go })) : Promise.resolve();
};

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof Files>();
  const inTurn = <A extends unknown[], R>(call: (...given: A) => Promise<R>) => {
    return async (...given: A): Promise<R> => {
      await turn();
      return call(...given);
    };
  };
  const { open, link, readFile, rename, stat, unlink, readdir } = real;
  return {
    ...real,
    open: inTurn(async (...given: Parameters<typeof open>) => {
      const handle = await open(...given);
      opened.push(handle);
      return handle;
    }),
    link: inTurn(link),
    readFile: inTurn(readFile as (...given: unknown[]) => Promise<unknown>),
    rename: inTurn(rename),
    stat: inTurn(stat as (...given: unknown[]) => Promise<unknown>),
    unlink: inTurn(unlink),
    readdir: inTurn(readdir as (...given: unknown[]) => Promise<unknown>),
  };
});
const { Claim } = await import('../src/generate/claim.js');

const folder = mkdtempSync(join(tmpdir(), 'nb201-claim-model-'));
const pid = process.pid;
let alone = pid;
Object.defineProperty(process, 'pid', { get: () => running.getStore()?.pid ?? alone });
const kill = vi.spyOn(process, 'kill').mockImplementation((asked) => {
  if (dead.has(asked)) throw Object.assign(new Error('no such process'), { code: 'ESRCH' });
  return true;
});
afterAll(() => {
  kill.mockRestore();
  Object.defineProperty(process, 'pid', { value: pid });
  rmSync(folder, { recursive: true, force: true });
});

/** Numbers from 0 to 1, the same for a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Numbers that no process can have, so that /proc knows nothing of them.
let pids = 2 ** 30;

async function dieHolding(path: string): Promise<void> {
  alone = pids++;
  await Claim.take(path);
  dead.add(alone);
  alone = pid;
}

/** The most that had the claim at once among those who lived. */
async function contend(path: string, random: () => number): Promise<number> {
  const inside = new Set<Contender>();
  let most = 0;
  const contenders = Array.from({ length: 5 }, (): Contender => ({ pid: pids++, killed: false }));
  const finished = new Set<Contender>();
  const work = async (who: Contender) => {
    for (;;) {
      const claim = await Claim.take(path);
      if (claim instanceof Claim) {
        inside.add(who);
        most = Math.max(most, inside.size);
        await turn();
        await turn();
        inside.delete(who);
        return claim.release();
      }
      await turn();
    }
  };
  const failures: unknown[] = [];
  for (const who of contenders) {
    void running.run(who, () =>
      work(who)
        .catch((error: unknown) => failures.push(error))
        .finally(() => finished.add(who)),
    );
  }
  while (contenders.some((who) => !who.killed && !finished.has(who))) {
    // What a file system answers comes in a later turn of the event loop.
    await setImmediate();
    if (waiting.length === 0) continue;
    const [chosen] = waiting.splice(Math.floor(random() * waiting.length), 1);
    const { who, go } = chosen!;
    if (random() < 0.03) {
      who.killed = true;
      inside.delete(who);
      dead.add(who.pid);
    }
    if (!who.killed) go();
  }
  expect(failures).toEqual([]);
  waiting.length = 0;
  for (const handle of opened.splice(0)) await handle.close();
  return most;
}

it('is had by one at a time, whatever the order of calls, and whoever is killed', async () => {
  for (let round = 0; round < 100; round++) {
    const path = join(folder, `arch-000000-seed-${round}.pth`);
    await dieHolding(path);
    expect(await contend(path, randomFrom(round)), `round ${round}`).toBeLessThanOrEqual(1);
    // Whoever comes last finds it free, or takes it over, and leaves nothing but what was being written by the killed.
    const last = await Claim.take(path);
    if (!(last instanceof Claim)) throw new Error(`round ${round}: it is held by ${JSON.stringify(last.holder)}`);
    await last.release();
    expect(readdirSync(folder).filter((name) => !name.endsWith('.tmp'))).toEqual([]);
  }
});
