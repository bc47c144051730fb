import {
  type ArchitectureRecord,
  CURVE_FIELDS,
  FIELD_STATE,
  hpKey,
  type JsonCurve,
  jsonText,
  type Reference,
  type StateRecord,
  type TrialRecord,
} from 'nas-bench-201';
import { attributesJson, valueJson } from '../benchmark/attributes.js';
import type { BenchmarkHeader } from '../benchmark/source.js';

/** Records as JSON: gathered as text and curves, and put together on another thread. */
export class RecordText {
  readonly #literals: string[] = [''];
  readonly #curves: JsonCurve[] = [];
  /** Numbers that were gathered. */
  numbers = 0;

  text(text: string): void {
    this.#literals[this.#literals.length - 1] += text;
  }

  /** The members of an object: the numbers of a curve by epoch, of an evaluation set by set and epoch. */
  #curve(curve: JsonCurve): void {
    this.#curves.push(curve);
    this.#literals.push('');
    this.numbers += curve.values.length;
  }

  #field(trial: TrialRecord, field: number): void {
    if (trial.fields[field] === FIELD_STATE.none) {
      this.text('null');
      return;
    }
    this.text('{');
    let any = false;
    for (const { field: own, set, values, presence } of trial.curves) {
      if (own !== field || !(presence?.some((there) => there !== 0) ?? values.length > 0)) continue;
      if (any) this.text(',');
      this.#curve({ prefix: set === '' ? '' : `${set}@`, values, presence });
      any = true;
    }
    this.text('}');
  }

  #trial(trial: TrialRecord): void {
    const { attributes, epochs, flop, params, latency } = trial;
    this.text(attributes.size > 0 ? `${attributesJson(attributes).slice(0, -1)},` : '{');
    this.text(`"epochs":${epochs}`);
    if (!Number.isNaN(flop)) this.text(`,"flop":${valueJson(flop)}`);
    if (!Number.isNaN(params)) this.text(`,"params":${valueJson(params)}`);
    if (latency !== undefined) this.text(`,"latency":${valueJson(latency && Array.from(latency))}`);
    CURVE_FIELDS.forEach((name, field) => {
      if (trial.fields[field] === FIELD_STATE.missing) return;
      this.text(`,"${name}":`);
      this.#field(trial, field);
    });
    // Readers of JSON keep no order of such keys.
    const ordered = trial.curves.filter(({ inOrder }) => inOrder);
    if (ordered.length > 0) {
      const members = ordered.map(
        ({ field, inOrder }) => `"${CURVE_FIELDS[field]}":${valueJson(Array.from(inOrder!))}`,
      );
      this.text(`,"$in_order":{${members.join(',')}}`);
    }
    this.text('}');
  }

  #state({ archIndex, archStr, cleared, datasets, trials }: StateRecord): void {
    this.text(`{"arch_index":${archIndex},"arch_str":${JSON.stringify(archStr)},"all_results":{`);
    const names = [...new Set(trials.map(({ dataset }) => dataset))];
    names.forEach((name, i) => {
      this.text(`${i > 0 ? ',' : ''}${JSON.stringify(name)}:{`);
      const own = trials.filter(({ dataset }) => dataset === name);
      own.forEach((trial, j) => {
        this.text(`${j > 0 ? ',' : ''}"${trial.seed}":`);
        this.#trial(trial);
      });
      this.text('}');
    });
    const seeds = datasets.map((d) => `${JSON.stringify(d.name)}:[${Array.from(d.seeds).join(',')}]`);
    this.text(`},"dataset_seed":{${seeds.join(',')}},"clear_net_done":${cleared}}`);
  }

  /** The states of an architecture, as members of an object. */
  states({ states }: ArchitectureRecord, reference: Reference): void {
    states.forEach((state, i) => {
      this.text(`${i > 0 ? ',' : ''}${JSON.stringify(hpKey(state.hp, reference))}:`);
      this.#state(state);
    });
  }

  bytes(): Promise<Uint8Array> {
    return jsonText(this.#literals, this.#curves);
  }
}

/** The members of the header's object. */
export function headerText({ metaArchs, evaluated, reference }: BenchmarkHeader): string {
  return `"meta_archs":${JSON.stringify(metaArchs)},"total_archs":${metaArchs.length},"evaluated_indexes":${JSON.stringify(evaluated)},"reference":"${reference}"`;
}
