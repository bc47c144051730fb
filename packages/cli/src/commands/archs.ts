import { Command } from 'commander';
import { CommandError } from '../failure.js';
import { architecture } from '../options.js';
import type { Terminal } from '../terminal.js';
import { decimal, facts, integer, shortened, table } from '../text.js';

type Api = typeof import('nas-bench-201');

export function archs(terminal: Terminal): Command {
  return new Command('archs')
    .argument('[architecture...]', 'indices or texts (default: all 15,625, one a line)')
    .option('--unique', 'without architectures: the first of each that are the same network; with: all of these')
    .action(async (asked: string[], { unique = false }: { unique?: boolean }) => {
      const api = await import('nas-bench-201');
      const space = new Space(api);
      if (asked.length === 0) {
        const rows = unique ? space.firstOfEach() : space.all();
        if (terminal.json) return terminal.printJson(rows);
        const count = (same: number | undefined) => (same === undefined ? '' : `  ${String(same).padStart(4)}`);
        return terminal.print(
          ...rows.map((row) => `${String(row.index).padStart(5)}${count(row.same)}  ${row.architecture}`),
        );
      }
      const found = asked.map((text) => space.details(text));
      if (terminal.json) return terminal.printJson(found);
      return terminal.print(...found.flatMap((d, i) => [...(i ? [''] : []), ...lines(d, unique, space, terminal)]));
    });
}

/** The 15,625 architectures and which of them are the same network. */
class Space {
  readonly published: readonly string[];
  readonly #classes = new Map<string, number[]>();

  constructor(readonly api: Api) {
    this.published = api.publishedArchitectures();
  }

  all(): { index: number; architecture: string; same?: number }[] {
    return this.published.map((text, index) => ({ index, architecture: text }));
  }

  #classOf(text: string): number[] {
    if (this.#classes.size === 0) {
      for (const [index, other] of this.published.entries()) {
        const key = this.api.uniqueString(other);
        const known = this.#classes.get(key);
        if (known) known.push(index);
        else this.#classes.set(key, [index]);
      }
    }
    return this.#classes.get(this.api.uniqueString(text))!;
  }

  firstOfEach(): { index: number; architecture: string; same: number }[] {
    return this.all().flatMap((row) => {
      const same = this.#classOf(row.architecture);
      return same[0] === row.index ? [{ ...row, same: same.length }] : [];
    });
  }

  details(asked: string) {
    const {
      formatArchitecture,
      parseArchitecture,
      isConnected,
      networkCost,
      uniqueString,
      PAPER_DATASETS,
      TASK_SHAPES,
    } = this.api;
    const name = architecture(asked);
    const text = typeof name === 'number' ? this.published[name] : formatArchitecture(parseArchitecture(name));
    if (text === undefined) {
      const last = this.published.length - 1;
      throw new CommandError('NOTHING_FOUND', `expected an index from 0 to ${last}, found ${asked}`);
    }
    return {
      index: this.published.indexOf(text),
      architecture: text,
      connected: isConnected(text),
      unique: uniqueString(text),
      same: this.#classOf(text),
      costs: Object.fromEntries(PAPER_DATASETS.map((dataset) => [dataset, networkCost(text, TASK_SHAPES[dataset])])),
    };
  }
}

function lines(
  d: ReturnType<Space['details']>,
  unique: boolean,
  space: Space,
  { colors: { bold, dim, yellow }, width }: Terminal,
): string[] {
  const right = (title: string) => ({ title, right: true });
  const others = d.same.filter((index) => index !== d.index);
  const same = others.length === 0 ? 'no other' : `${integer(others.length)}: ${others.join(' ')}`;
  const costs = Object.entries(d.costs).map(([dataset, { flops, params }]) => [
    dataset,
    decimal(flops, 5),
    decimal(params, 6),
  ]);
  return [
    bold(`${d.index}  ${d.architecture}`),
    ...(d.connected ? [] : [yellow('its input never reaches its output')]),
    ...facts(
      [
        ['network', shortened(d.unique, Math.max(40, width - 14))],
        ['same network', shortened(same, Math.max(40, width - 14))],
      ],
      dim,
    ),
    ...table([{ title: 'data set' }, right('MFLOPs'), right('M params')], costs, dim),
    ...(unique ? ['', ...d.same.map((index) => `${String(index).padStart(5)}  ${space.published[index]}`)] : []),
  ];
}
