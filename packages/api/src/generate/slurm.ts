import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { writeWhole } from '@nas-bench-201/core-native';
import { GenerateError } from './errors.js';
import { type GeneratedHp, Layout, namesIn } from './layout.js';

export interface ArrayOptions {
  hp: GeneratedHp;
  /** The architectures of each task, as the command takes them: `0-389`, `390-779`. */
  tasks: readonly string[];
  /** The command that does a task's work, word by word; `{}` stands for its architectures. */
  command: readonly string[];
  /** What each task has for itself, as `--gres` takes it; null: no such line. Default: `gpu:1`. */
  gres?: string | null | undefined;
  /** How often a task is put back into the queue whose command failed or was killed. Default: 5. */
  requeue?: number | undefined;
  /** Tasks that run at a time. Default: as many as the cluster lets. */
  atOnce?: number | undefined;
}

const JOB_NAME = 'nb201-train';

const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/**
 * Writes a job array that trains a benchmark's architectures: a task for each part of them. A task whose command fails or
 * is killed is put back into the queue, as one whose node fails is; it goes on from what is finished.
 * @returns its path, for `sbatch`
 * @throws WriteError, GenerateError BAD_RANGE
 */
export async function writeJobArray(folder: string, options: ArrayOptions): Promise<string> {
  const { hp, tasks, command, gres = 'gpu:1', requeue = 5, atOnce } = options;
  if (tasks.length === 0) throw new GenerateError('BAD_RANGE', 'expected architectures to train');
  const layout = new Layout(resolve(folder));
  await mkdir(layout.jobs, { recursive: true });
  const words = command.map((word) => (word === '{}' ? '"$part"' : quoted(word))).join(' ');
  const text = `#!/bin/bash
#SBATCH --job-name=${JOB_NAME}
#SBATCH --array=0-${tasks.length - 1}${atOnce === undefined ? '' : `%${atOnce}`}
#SBATCH --ntasks=1
${gres === null ? '' : `#SBATCH --gres=${gres}\n`}#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=${quoted(join(layout.jobs, '%A_%a.log'))}
#SBATCH --signal=B:TERM@60

archs=(
${tasks.map((task) => `  ${quoted(task)}`).join('\n')}
)

part=\${archs[SLURM_ARRAY_TASK_ID]}
# In the background, so that this shell hears that its time is up.
${words} &
worker=$!
trap 'kill -TERM $worker 2>/dev/null' TERM
wait $worker
code=$?
# The trap ends a wait early.
while kill -0 $worker 2>/dev/null; do
  wait $worker
  code=$?
done
[ $code -eq 0 ] && exit 0
# 2: the command is wrong, and will be.
if [ $code -ne 2 ] && [ "\${SLURM_RESTART_COUNT:-0}" -lt ${requeue} ]; then
  echo "nb201: ended with $code; back into the queue" >&2
  # Not by SLURM_JOB_ID, which of one task is that of the whole array.
  scontrol requeue "\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" && sleep 60
fi
exit $code
`;
  const path = join(layout.jobs, `train-${hp}.sbatch`);
  await writeWhole(path, [text]);
  return path;
}

/** A job array that was submitted. */
export interface SubmittedJob {
  job: number;
  submitted: string;
  hp: GeneratedHp;
  seeds: readonly number[];
  /** The architectures of each task. */
  tasks: readonly string[];
}

/**
 * Submits a job array, and notes it for `benchmarkStatus`.
 * @param sbatch further options of sbatch: `['--partition=gpu', '--time=12:00:00']`
 * @throws GenerateError NO_SLURM, SLURM
 */
export async function submitJobArray(
  folder: string,
  script: string,
  about: Omit<SubmittedJob, 'job' | 'submitted'>,
  sbatch: readonly string[] = [],
): Promise<SubmittedJob> {
  const out = await slurm('sbatch', ['--parsable', ...sbatch, script]);
  const job = Number(/^(\d+)/.exec(out)?.[1]);
  if (!job) throw new GenerateError('SLURM', `expected sbatch to print a job's number, found ${out.trim()}`);
  const submitted: SubmittedJob = { job, submitted: new Date().toISOString(), ...about };
  await writeWhole(join(new Layout(folder).jobs, `${job}.json`), [`${JSON.stringify(submitted, null, 2)}\n`]);
  return submitted;
}

/** A task that the queue knows. */
export interface QueuedTask {
  task: number;
  /** `RUNNING`, `PENDING`, … */
  state: string;
  /** Why it is pending, or where it runs. */
  where: string;
}

export interface JobStatus extends SubmittedJob {
  /** Those that are not here are finished, or failed for good: the files tell. */
  queued: QueuedTask[];
}

/** The jobs that were submitted from a folder, with what the queue says of them now. */
export async function jobStatuses(layout: Layout): Promise<{ jobs: JobStatus[]; queueProblem?: string }> {
  const jobs: JobStatus[] = [];
  for (const name of namesIn(layout.jobs)) {
    if (!/^\d+\.json$/.test(name)) continue;
    jobs.push({ ...(JSON.parse(await readFile(join(layout.jobs, name), 'utf8')) as SubmittedJob), queued: [] });
  }
  jobs.sort((a, b) => a.job - b.job);
  if (jobs.length === 0) return { jobs };
  try {
    // Asked by name: of a job that is long gone, asked by number, squeue knows nothing and fails.
    const out = await slurm('squeue', ['--noheader', '--array', '--name', JOB_NAME, '--format', '%F|%K|%T|%R']);
    for (const line of out.split('\n')) {
      const [job, task, state, where] = line.split('|', 4);
      const known = jobs.find((j) => j.job === Number(job));
      known?.queued.push({ task: Number(task), state: state!, where: where! });
    }
    return { jobs };
  } catch (error) {
    if (!(error instanceof GenerateError)) throw error;
    return { jobs, queueProblem: error.message };
  }
}

async function slurm(command: string, args: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, { maxBuffer: 1 << 28 })).stdout;
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === 'ENOENT')
      throw new GenerateError('NO_SLURM', `there is no ${command} here: is this a node of the cluster?`);
    const said = stderr?.trim() || (error as Error).message;
    throw new GenerateError('SLURM', `${command}: ${said}`, { cause: error });
  }
}
