import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { type FileHandle, link, open, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Who works on something, as the lock file says. */
export interface Holder {
  host: string;
  pid: number;
  /** When it began, in ISO 8601. */
  since: string;
  /** The cluster's job, where it is one: `12_3`. */
  job?: string;
  /** A boot of a machine and the processes on it that can see one another. */
  system: string;
  /** When the process began, in the system's ticks: another process may get its number. */
  started: string;
  /** Of this claim alone: letters and digits. */
  token: string;
}

export interface ClaimTimes {
  /** How often a holder says that it is alive. Default: 30 s. */
  beatMs?: number | undefined;
  /**
   * After so long without a sign of life the holder counts as gone, where its machine is another and it cannot be looked
   * for. Longer than what a network file system may keep to itself. Default: 5 min.
   */
  leaseMs?: number | undefined;
}

const BEAT_MS = 30_000;
const LEASE_MS = 5 * 60_000;

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function thisSystem(): string {
  let processes = '';
  try {
    processes = readlinkSync('/proc/self/ns/pid');
  } catch {
    // No Linux: a machine is one system.
  }
  return `${hostname()} ${textOf('/proc/sys/kernel/random/boot_id')} ${processes}`;
}

/** When a process began; empty where the system does not tell. */
function startOf(pid: number): string {
  const text = textOf(`/proc/${pid}/stat`);
  // The command in brackets may have spaces and brackets in it.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function isRunning({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return startOf(pid) === started;
}

function self(): Holder {
  const { SLURM_ARRAY_JOB_ID, SLURM_ARRAY_TASK_ID, SLURM_JOB_ID } = process.env;
  const job = SLURM_ARRAY_JOB_ID ? `${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}` : SLURM_JOB_ID;
  return {
    host: hostname(),
    pid: process.pid,
    since: new Date().toISOString(),
    ...(job && { job }),
    system: thisSystem(),
    started: startOf(process.pid),
    token: newToken(),
  };
}

const TOKEN = /^[0-9A-Za-z]+$/;
const newToken = () => randomBytes(8).toString('hex');
const lockOf = (path: string) => join(dirname(path), `.${basename(path)}.lock`);
const successorOf = (lock: string, token: string) => `${lock}.${token}`;
const isCode = (error: unknown, code: string) => (error as NodeJS.ErrnoException).code === code;
const missing = (error: unknown) => {
  if (isCode(error, 'ENOENT')) return undefined;
  throw error;
};

/** Somebody who works on a file, and whether they still live. */
export interface Claimant {
  /** Absent where the lock file says nothing that can be read. */
  holder?: Holder | undefined;
  alive: boolean;
}

/** The time of the file system's own clock, which another machine's may differ from. */
async function fileSystemNow(beside: string): Promise<number> {
  const probe = `${beside}.${randomBytes(6).toString('hex')}.tmp`;
  await (await open(probe, 'wx')).close();
  const { mtimeMs } = await stat(probe);
  await unlink(probe);
  return mtimeMs;
}

/** A lock file, or the successor of one. */
interface Link {
  path: string;
  holder: Holder | undefined;
  token: string;
}

async function linkAt(path: string): Promise<Link | undefined> {
  const text = await readFile(path, 'utf8').catch(missing);
  if (text === undefined) return undefined;
  try {
    const holder = JSON.parse(text) as Holder;
    if (TOKEN.test(holder.token)) return { path, holder, token: holder.token };
  } catch {
    // Written by something else, or torn off by a machine that lost its power.
  }
  const info = await stat(path).catch(missing);
  if (!info) return undefined;
  const token = createHash('sha256').update(`${text} ${info.mtimeMs}`).digest('hex').slice(0, 16);
  return { path, holder: undefined, token };
}

/** The lock file and the successor that was the last to take over; undefined where there is none. */
async function chainAt(lock: string): Promise<{ first: Link; last: Link } | undefined> {
  const first = await linkAt(lock);
  if (!first) return undefined;
  let last = first;
  for (;;) {
    const next = await linkAt(successorOf(lock, last.token));
    if (!next) return { first, last };
    last = next;
  }
}

async function isAlive({ path, holder }: Link, lock: string, leaseMs: number): Promise<boolean> {
  if (holder?.system === thisSystem()) return isRunning(holder);
  const info = await stat(path).catch(missing);
  return info !== undefined && (await fileSystemNow(lock)) - info.mtimeMs < leaseMs;
}

/** Who works on the making of a file, or did until they died; undefined where nobody does. */
export async function claimant(path: string, { leaseMs = LEASE_MS }: ClaimTimes = {}): Promise<Claimant | undefined> {
  const lock = lockOf(path);
  const chain = await chainAt(lock);
  return chain && { holder: chain.last.holder, alive: await isAlive(chain.last, lock, leaseMs) };
}

/**
 * Takes the right to make a file, which one process at a time has among all that share the folder: a lock file beside it
 * says who. It outlives a process that is killed, and is then taken over: at once where that ran on this machine, else
 * when there was no sign of life for the lease.
 *
 * Who takes over leaves the lock file where it is and creates its one successor, whose name ends in the token of the claim
 * that is dead; the successor of a successor likewise. So long as the lock file is the same, nothing is taken out of this
 * chain, and its last link has the right. To release it, the holder makes itself a successor first, which nobody else can
 * then become, and removes the lock file before the rest: whoever was about to take over finds that the lock file is
 * another.
 */
export class Claim {
  readonly #lock: string;
  readonly #own: string;
  readonly #handle: FileHandle;
  readonly #holder: Holder;
  readonly #beat: NodeJS.Timeout;

  private constructor(lock: string, own: string, handle: FileHandle, holder: Holder, beatMs: number) {
    this.#lock = lock;
    this.#own = own;
    this.#handle = handle;
    this.#holder = holder;
    this.#beat = setInterval(() => void this.#live(), beatMs).unref();
  }

  /** The claim; or who has it, where somebody has who is alive. */
  static async take(
    path: string,
    { beatMs = BEAT_MS, leaseMs = LEASE_MS }: ClaimTimes = {},
  ): Promise<Claim | Claimant> {
    const lock = lockOf(path);
    const holder = self();
    for (;;) {
      const chain = await chainAt(lock);
      if (chain && (await isAlive(chain.last, lock, leaseMs))) return { holder: chain.last.holder, alive: true };
      const own = chain ? successorOf(lock, chain.last.token) : lock;
      const handle = await create(own, holder);
      if (!handle) continue;
      // Released while we looked, what we succeeded is gone.
      const stands = !chain || (await linkAt(lock))?.token === chain.first.token;
      if (stands) return new Claim(lock, own, handle, holder, beatMs);
      await handle.close();
      await unlink(own).catch(missing);
    }
  }

  // Through the handle: where another has taken over, the claim is theirs alone to keep alive. A write, not a time of
  // this machine's clock, so that the file system says when it was.
  async #live(): Promise<void> {
    try {
      await this.#handle.write(JSON.stringify(this.#holder), 0);
      await this.#handle.sync();
    } catch {
      // A disk that is full or away: the work itself will say so.
    }
  }

  async release(): Promise<void> {
    clearInterval(this.#beat);
    await this.#handle.close();
    // Removed by hand, it is nobody's, or somebody else's.
    if ((await linkAt(this.#own))?.token !== this.#holder.token) return;
    const end = await create(successorOf(this.#lock, this.#holder.token), { ...this.#holder, token: newToken() });
    // Somebody took us for dead.
    if (!end) return;
    await end.close();
    const chain = await successors(this.#lock);
    await unlink(this.#lock).catch(missing);
    for (const path of chain) await unlink(path).catch(missing);
  }
}

/** All successors that there are of a lock file, and of those that were in its place. */
async function successors(lock: string): Promise<string[]> {
  const folder = dirname(lock);
  const start = `${basename(lock)}.`;
  const names = (await readdir(folder)).filter((name) => name.startsWith(start));
  return names.filter((name) => TOKEN.test(name.slice(start.length))).map((name) => join(folder, name));
}

/** The lock file, complete from the first moment; undefined where there is one. */
async function create(path: string, holder: Holder): Promise<FileHandle | undefined> {
  const temporary = `${path}.${newToken()}.tmp`;
  const handle = await open(temporary, 'wx');
  try {
    await handle.write(JSON.stringify(holder), 0);
    await handle.sync();
    await link(temporary, path);
    return handle;
  } catch (error) {
    await handle.close();
    if (isCode(error, 'EEXIST')) return undefined;
    // A file system without hard links.
    if (isCode(error, 'EPERM') || isCode(error, 'ENOTSUP') || isCode(error, 'EOPNOTSUPP'))
      return createBare(path, holder);
    throw error;
  } finally {
    await unlink(temporary).catch(() => {});
  }
}

async function createBare(path: string, holder: Holder): Promise<FileHandle | undefined> {
  const handle = await open(path, 'wx').catch((error: unknown) => {
    if (isCode(error, 'EEXIST')) return undefined;
    throw error;
  });
  await handle?.write(JSON.stringify(holder), 0);
  return handle;
}
