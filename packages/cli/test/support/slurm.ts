// A cluster of this one machine: a real slurmctld and slurmd, with a folder and ports of their own.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** What is missing for such a cluster; undefined where nothing is. */
export function slurmMissing(): string | undefined {
  const absent = ['munged', 'slurmctld', 'slurmd', 'sbatch'].filter(
    (name) => !['/usr/sbin', '/usr/bin'].some((folder) => existsSync(join(folder, name))),
  );
  if (absent.length > 0) return `no ${absent.join(', ')} (Debian: slurm-wlm, munge)`;
  return process.getuid?.() === 0 ? undefined : 'not root, which the daemons are run as';
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class Cluster {
  private constructor(
    readonly folder: string,
    /** For sbatch, squeue and what calls them. */
    readonly env: NodeJS.ProcessEnv,
  ) {}

  static async start(): Promise<Cluster> {
    const folder = mkdtempSync(join(tmpdir(), 'nb201-slurm-'));
    chmodSync(folder, 0o755);
    const at = (...names: string[]) => join(folder, ...names);
    for (const name of ['munge', 'spool', 'state']) mkdirSync(at(name), { mode: 0o755 });
    writeFileSync(at('munge', 'key'), randomBytes(128), { mode: 0o400 });
    const munge = ['key', 'seed', 'log'].map((name) => `--${name}-file=${at('munge', name)}`);
    execFileSync('munged', ['--force', ...munge, `--socket=${at('munge', 'sock')}`, `--pid-file=${at('munge.pid')}`]);
    const host = hostname().split('.')[0]!;
    const settings = {
      ClusterName: 'nb201',
      SlurmctldHost: `${host}(127.0.0.1)`,
      SlurmctldPort: await freePort(),
      SlurmdPort: await freePort(),
      AuthType: 'auth/munge',
      AuthInfo: `socket=${at('munge', 'sock')}`,
      SlurmUser: 'root',
      StateSaveLocation: at('state'),
      SlurmdSpoolDir: at('spool'),
      SlurmctldPidFile: at('slurmctld.pid'),
      SlurmdPidFile: at('slurmd.pid'),
      SlurmctldLogFile: at('slurmctld.log'),
      SlurmdLogFile: at('slurmd.log'),
      ProctrackType: 'proctrack/linuxproc',
      TaskPlugin: 'task/none',
      JobAcctGatherType: 'jobacct_gather/none',
      AccountingStorageType: 'accounting_storage/none',
      SelectType: 'select/cons_tres',
      SelectTypeParameters: 'CR_Core',
      SwitchType: 'switch/none',
      MpiDefault: 'none',
      ReturnToService: 2,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    // As many CPUs as it takes to run two tasks at once, whatever the machine has.
    lines.push(`NodeName=${host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000`);
    lines.push(`PartitionName=main Nodes=${host} Default=YES State=UP`, 'SlurmdParameters=config_overrides');
    writeFileSync(at('slurm.conf'), `${lines.join('\n')}\n`);
    const cluster = new Cluster(folder, { ...process.env, SLURM_CONF: at('slurm.conf') });
    for (const daemon of ['slurmctld', 'slurmd']) execFileSync(daemon, ['-f', at('slurm.conf')], { env: cluster.env });
    for (let i = 0; i < 100 && !cluster.ask('sinfo', '-h', '-o', '%T').startsWith('idle'); i++) await setTimeout(100);
    return cluster;
  }

  ask(command: string, ...args: string[]): string {
    return spawnSync(command, args, { env: this.env, encoding: 'utf8' }).stdout;
  }

  async stop(): Promise<void> {
    for (const name of ['slurmd', 'slurmctld', 'munge']) {
      try {
        const pid = Number(readFileSync(join(this.folder, `${name}.pid`), 'utf8'));
        process.kill(pid);
        // Until it is gone it writes its state.
        for (let i = 0; i < 200 && process.kill(pid, 0); i++) await setTimeout(50);
      } catch {
        // It never started, or is gone.
      }
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
