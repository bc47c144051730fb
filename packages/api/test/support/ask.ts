// Puts the questions of a file of reference answers to our API. The questions carry the reference's own names.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ArchResults, Dataset, Hp, PythonValue } from '../../src/index.js';
import { NASBench201API, type OpenOptions, QueryError, ResultsCount, Tensor } from '../../src/index.js';

export const FIXTURES = fileURLToPath(new URL('../../../../test-fixtures/', import.meta.url));
export const BENCHMARKS = join(FIXTURES, 'benchmark');

type Args = Record<string, unknown>;
export interface Question {
  call: string;
  args: Args;
  on?: { index?: number; hp?: string; held?: true; dataset?: string; seed?: number };
  /** `random.seed(seed)` before the call. */
  seed?: number;
  /** Ask so many times. */
  repeat?: number;
  answer?: unknown;
  error?: string;
  stdout?: string;
}
export interface Answers {
  about: { fixture: string; api: string; also?: string[] };
  answers: Question[];
}

export function readAnswers(path: string): Answers {
  return JSON.parse(readFileSync(path, 'utf8')) as Answers;
}

/** Our answer in the form that the reference's answers have. */
export function toAnswer(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number')
    return Number.isFinite(value) ? value : { float: String(value).toLowerCase().replace('infinity', 'inf') };
  if (value instanceof Tensor) {
    const values = Array.from(value.toTypedArray() as ArrayLike<number | bigint>, Number);
    return { tensor: { dtype: value.dtype, shape: value.shape, values } };
  }
  if (value instanceof Map) {
    const entries = [...value].map(([k, v]) => [k, toAnswer(v)] as const);
    return entries.every(([k]) => typeof k === 'string') ? Object.fromEntries(entries) : { map: entries };
  }
  if (Array.isArray(value)) return value.map(toAnswer);
  if (value instanceof ResultsCount || value?.constructor?.name === 'ArchResults') return { repr: String(value) };
  if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, toAnswer(v)]));
  return value;
}

/** Asks one API, keeping what `hold` asks to keep. */
export class Asker {
  api!: NASBench201API;
  #held: ArchResults | undefined;

  constructor(
    readonly path: string,
    readonly options: OpenOptions = {},
  ) {}

  async ask(question: Question): Promise<unknown> {
    if (question.call.endsWith('open')) {
      this.api?.close();
      this.api = await NASBench201API.open(this.path, { onWarning: () => {}, ...this.options });
      return null;
    }
    if (question.seed !== undefined) this.api.seed(question.seed);
    if (question.repeat === undefined) return toAnswer(await this.#call(question));
    const out: unknown[] = [];
    for (let i = 0; i < question.repeat; i++) out.push(toAnswer(await this.#call(question)));
    return out;
  }

  #call({ call, args, on }: Question): unknown {
    const [, version, owner, method] = /^(v1\.3:)?(?:(\w+)\.)?(\w+)$/.exec(call)!;
    const hp = version
      ? { use12EpochsResult: (args.use_12epochs_result as boolean | undefined) ?? false }
      : args.hp === undefined || args.hp === null
        ? {}
        : { hp: args.hp as Hp };
    if (owner === 'ArchResults') return this.#ofResults(method!, args, this.#results(on!));
    if (owner === 'ResultsCount')
      return this.#ofTrial(method!, args, this.#results(on!).query(on!.dataset!, on!.seed!));
    return this.#ofApi(method!, args, hp);
  }

  #results(on: NonNullable<Question['on']>): ArchResults {
    return on.held ? this.#held! : this.api.queryMetaInfoByIndex(on.index!, { hp: on.hp as Hp });
  }

  #ofApi(method: string, args: Args, hp: { hp?: Hp; use12EpochsResult?: boolean }): unknown {
    const api = this.api;
    const index = args.index as number;
    const dataset = args.dataset as Dataset;
    switch (method) {
      case 'len':
        return api.length;
      case 'repr':
        return api.toString();
      case 'iterate':
        return [...api];
      case 'evaluated_indexes':
        return api.evaluatedIndexes;
      case 'avaliable_hps':
        return api.avaliableHps.sort();
      case 'getitem':
        return api.at(index);
      case 'arch':
        return api.arch(index);
      case 'query_index_by_arch':
        return api.queryIndexByArch(args.arch as string);
      case 'random':
        return api.random();
      case 'statistics':
        return api.statistics(dataset, hp);
      case 'str2lists':
        return NASBench201API.str2lists(args.arch_str as string);
      case 'str2matrix':
        return NASBench201API.str2matrix(args.arch_str as string, args.search_space as string[] | undefined);
      case 'show':
        return api.showText(index);
      case 'query_info_str_by_arch':
      case 'query_by_arch':
        return api.queryInfoStrByArch(args.arch as string, hp);
      case 'query_by_index':
        return args.dataname === undefined || args.dataname === null
          ? api.queryByIndex(args.arch_index as number, null, hp)
          : api.queryByIndex(args.arch_index as number, args.dataname as Dataset, hp);
      case 'query_meta_info_by_index':
        return api.queryMetaInfoByIndex(args.arch_index as number, hp);
      case 'hold':
        this.#held = api.queryMetaInfoByIndex(index, hp);
        return this.#held;
      case 'get_more_info':
        return api.getMoreInfo(index, dataset, {
          ...hp,
          iepoch: args.iepoch as number | null | undefined,
          isRandom: args.is_random as boolean | undefined,
        });
      case 'used_time':
        return api.usedTime;
      case 'reset_time':
        return api.resetTime();
      case 'simulate_train_eval':
        return api.simulateTrainEval(args.arch as string, dataset as 'cifar10', {
          ...hp,
          iepoch: args.iepoch as number | undefined,
          accountTime: args.account_time as boolean | undefined,
        });
      case 'find_best':
        return api.findBest(dataset, args.metric_on_set as 'train', {
          ...hp,
          flopMax: (args.FLOP_max ?? args.flop_max) as number | undefined,
          paramMax: (args.Param_max ?? args.param_max) as number | undefined,
          enforceAll: args.enforce_all as boolean | undefined,
        });
      case 'get_net_config':
        return api.getNetConfig(index, dataset);
      case 'get_cost_info':
        return api.getCostInfo(index, dataset, hp);
      case 'get_latency':
        return api.getLatency(index, dataset, hp);
      case 'get_net_param':
        return weights(
          () => api.getNetParam(index, dataset, (args.seed as number | null | undefined) ?? null, hp),
          args.seed ?? api.seeds(index, dataset, hp),
        );
      case 'clear_params':
        return api.clearParams(index, { hp: (args.hp as Hp | null | undefined) ?? null });
      case 'reload':
        return api.reload(join(BENCHMARKS, args.archive_root as string), args.index as number | undefined);
      case 'get_unique_str':
        return api.unique(args.arch as string);
      case 'is_size':
        return /:/.test(api.arch(0));
      case 'is_topology':
        return !/:/.test(api.arch(0));
      case 'full_train_epochs':
      case 'full_epochs_in_paper':
        return /:/.test(api.arch(0)) ? 90 : 200;
      case 'search_space_name':
        return /:/.test(api.arch(0)) ? 'size' : 'topology';
      case 'fast_mode':
        return api.toString().includes('fast_mode=True');
      default:
        throw new TypeError(`a question that the test cannot ask: ${method}`);
    }
  }

  #ofResults(method: string, args: Args, results: ArchResults): unknown {
    const dataset = args.dataset as string;
    const seed = (args.seed as number | null | undefined) ?? null;
    switch (method) {
      case 'repr':
        return String(results);
      case 'arch_idx_str':
        return results.archIdxStr();
      case 'get_dataset_names':
        return results.getDatasetNames();
      case 'get_dataset_seeds':
        return results.getDatasetSeeds(dataset);
      case 'get_total_epoch':
        return results.getTotalEpoch((dataset as string | null | undefined) ?? undefined);
      case 'get_compute_costs':
        return results.getComputeCosts(dataset);
      case 'get_latency':
        return results.getLatency(dataset);
      case 'get_metrics':
        return results.getMetrics(
          dataset,
          args.setname as string,
          args.iepoch as number | undefined,
          (args.is_random as boolean | undefined) ?? false,
          this.#random(),
        );
      case 'query':
        return results.query(dataset, seed);
      case 'show':
        return results.show();
      case 'reset_latency':
        return results.resetLatency(dataset, seed, args.latency as number);
      case 'reset_pseudo_train_times':
        return results.resetPseudoTrainTimes(dataset, seed, args.estimated_per_epoch_time as number);
      case 'reset_pseudo_eval_times':
        return results.resetPseudoEvalTimes(
          dataset,
          seed,
          args.eval_name as string,
          args.estimated_per_epoch_time as number,
        );
      case 'clear_params':
        return results.clearParams();
      case 'get_net_param':
        return weights(() => results.getNetParam(dataset, seed), seed ?? results.getDatasetSeeds(dataset));
      default:
        throw new TypeError(`a question that the test cannot ask: ArchResults.${method}`);
    }
  }

  #random() {
    return this.api.randomGenerator;
  }

  #ofTrial(method: string, args: Args, trial: ResultsCount): unknown {
    const iepoch = args.iepoch as number | undefined;
    switch (method) {
      case 'repr':
        return String(trial);
      case 'get_times':
        return trial.getTimes();
      case 'get_latency':
        return trial.getLatency();
      case 'get_eval_set':
        return trial.getEvalSet();
      case 'get_config':
        return trial.getConfig();
      case 'get_total_epoch':
        return trial.getTotalEpoch();
      case 'get_train':
        return trial.getTrain(iepoch);
      case 'get_eval':
        return trial.getEval(args.name as string, iepoch);
      case 'update_latency':
        return trial.updateLatency(args.latency as number[]);
      default:
        throw new TypeError(`a question that the test cannot ask: ResultsCount.${method}`);
    }
  }
}

export type { PythonValue };

/** Where the reference gives None for weights that the file has had cleared, an error here says where they are. */
function weights(ask: () => unknown, seeds: unknown): unknown {
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof QueryError) || error.code !== 'NO_WEIGHTS') throw error;
    return Array.isArray(seeds) ? new Map(seeds.map((seed) => [seed, null])) : null;
  }
}
