import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { type FileHandle, link, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';

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
    token: randomBytes(8).toString('hex'),
  };
}

const lockOf = (path: string) => path.replace(/[^/]*$/, (name) => `.${name}.lock`);
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

async function claimantOf(lock: string, leaseMs: number): Promise<(Claimant & { text: string }) | undefined> {
  const text = await readFile(lock, 'utf8').catch(missing);
  if (text === undefined) return undefined;
  let holder: Holder | undefined;
  try {
    holder = JSON.parse(text) as Holder;
  } catch {
    // Written by something else, or torn off by a machine that lost its power.
  }
  if (holder?.system === thisSystem()) return { holder, alive: isRunning(holder), text };
  const info = await stat(lock).catch(missing);
  if (!info) return undefined;
  return { holder, alive: (await fileSystemNow(lock)) - info.mtimeMs < leaseMs, text };
}

/** Who works on the making of a file, or did until they died; undefined where nobody does. */
export function claimant(path: string, { leaseMs = LEASE_MS }: ClaimTimes = {}): Promise<Claimant | undefined> {
  return claimantOf(lockOf(path), leaseMs);
}

/**
 * Takes the right to make a file, which one process at a time has among all that share the folder: a lock file beside it
 * says who. It outlives a process that is killed, and is then taken over: at once where that ran on this machine, else
 * when there was no sign of life for the lease. In the rare case that two take over at once, both may work; as files are
 * put in place whole and never over another, one of them does so in vain.
 */
export class Claim {
  readonly #lock: string;
  readonly #handle: FileHandle;
  readonly #holder: Holder;
  readonly #beat: NodeJS.Timeout;

  private constructor(lock: string, handle: FileHandle, holder: Holder, beatMs: number) {
    this.#lock = lock;
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
      const handle = await create(lock, holder);
      if (handle) return new Claim(lock, handle, holder, beatMs);
      const other = await claimantOf(lock, leaseMs);
      if (other?.alive) return { holder: other.holder, alive: true };
      if (other) await remove(lock, other.text);
    }
  }

  // Through the handle: where another has taken the lock over, it is theirs alone to keep alive. A write, not a time of
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
    await remove(this.#lock, JSON.stringify(this.#holder));
  }
}

/** The lock file, complete from the first moment; undefined where there is one. */
async function create(lock: string, holder: Holder): Promise<FileHandle | undefined> {
  const temporary = `${lock}.${holder.token}.tmp`;
  const handle = await open(temporary, 'wx');
  try {
    await handle.write(JSON.stringify(holder), 0);
    await handle.sync();
    await link(temporary, lock);
    return handle;
  } catch (error) {
    await handle.close();
    if (isCode(error, 'EEXIST')) return undefined;
    // A file system without hard links.
    if (isCode(error, 'EPERM') || isCode(error, 'ENOTSUP') || isCode(error, 'EOPNOTSUPP'))
      return createBare(lock, holder);
    throw error;
  } finally {
    await unlink(temporary).catch(() => {});
  }
}

async function createBare(lock: string, holder: Holder): Promise<FileHandle | undefined> {
  const handle = await open(lock, 'wx').catch((error: unknown) => {
    if (isCode(error, 'EEXIST')) return undefined;
    throw error;
  });
  await handle?.write(JSON.stringify(holder), 0);
  return handle;
}

/** Removes a lock if it is still this one: of two who do so, one moves it away. */
async function remove(lock: string, text: string): Promise<void> {
  if ((await readFile(lock, 'utf8').catch(missing)) !== text) return;
  const away = `${lock}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await rename(lock, away);
  } catch (error) {
    return missing(error);
  }
  // Removed and taken anew since it was read: put back, unless a third has taken it by now.
  if ((await readFile(away, 'utf8')) !== text) await link(away, lock).catch(() => {});
  await unlink(away);
}
