import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ArchitectureError,
  type Cell,
  EDGES,
  enumerateArchitectures,
  formatArchitecture,
  neighbours,
  parseArchitecture,
  publishedArchitectures,
  str2lists,
  str2matrix,
} from '../src/space/cell.js';
import { networkCost, TASK_SHAPES } from '../src/space/cost.js';
import { isConnected, uniqueString } from '../src/space/isomorphism.js';
import { OPERATIONS } from '../src/space/operations.js';

const REAL = fileURLToPath(new URL('../../../../shared/real', import.meta.url));
const hasReal = existsSync(REAL);
if (!hasReal) {
  console.warn(`SKIPPED: real benchmark records are missing (${REAL}); the search space is not compared with them`);
}

function itReal(name: string, test: () => void): void {
  if (hasReal) {
    it(name, test);
  } else {
    it.skip(`${name} (SKIPPED: ${REAL} is missing)`, test);
  }
}

function realTable(file: string): Record<string, string>[] {
  const [header, ...rows] = readFileSync(`${REAL}/${file}`, 'utf8').trim().split(/\r?\n/);
  const columns = header!.split(',');
  return rows.map((row) => {
    const values = row.split(',');
    return Object.fromEntries(columns.map((column, i) => [column, values[i]!]));
  });
}

/** Python's own unpickler, with NumPy's scalars read as the doubles that they are, so that NumPy need not be there. */
const UNPICKLE = `
import bz2, json, pickle, struct, sys

class Dtype:
    def __init__(self, *args): pass
    def __setstate__(self, state): pass

class Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if module.startswith('numpy'):
            return Dtype if name == 'dtype' else lambda dtype, raw: struct.unpack('<d', raw)[0]
        return super().find_class(module, name)

def load(name):
    with bz2.open(sys.argv[1] + '/NATS-tss-v1_0-3ffb9-simple/' + name + '.pickle.pbz2') as file:
        return Unpickler(file).load()
`;

function realRecords(expression: string): unknown {
  const script = `${UNPICKLE}\njson.dump(${expression}, sys.stdout)`;
  return JSON.parse(execFileSync('python3', ['-c', script, REAL], { maxBuffer: 1 << 28 }).toString());
}

const EXAMPLE = '|nor_conv_1x1~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|';

const operation = fc.constantFrom(...OPERATIONS);
const cell: fc.Arbitrary<Cell> = fc.tuple(operation, operation, operation, operation, operation, operation);
const architecture = cell.map(formatArchitecture);

describe('an architecture string', () => {
  it('lists the operations in edge order', () => {
    expect(
      parseArchitecture('|none~0|+|skip_connect~0|nor_conv_1x1~1|+|nor_conv_3x3~0|avg_pool_3x3~1|none~2|'),
    ).toEqual(['none', 'skip_connect', 'nor_conv_1x1', 'nor_conv_3x3', 'avg_pool_3x3', 'none']);
  });

  it('is what its cell is written as', () => {
    fc.assert(
      fc.property(cell, (c) => {
        expect(parseArchitecture(formatArchitecture(c))).toEqual(c);
      }),
    );
  });

  it('is refused where a character is missing or one too many, with what was expected', () => {
    const edit = fc.record({ text: architecture, at: fc.nat(), insert: fc.option(fc.string({ minLength: 1 })) });
    fc.assert(
      fc.property(edit, ({ text, at, insert }) => {
        const i = at % text.length;
        const edited =
          insert === null ? text.slice(0, i) + text.slice(i + 1) : text.slice(0, i) + insert + text.slice(i);
        expect(() => parseArchitecture(edited)).toThrow(ArchitectureError);
      }),
    );
    expect(() => parseArchitecture(`${EXAMPLE}\n`)).toThrow(/^expected \|op~0\|\+\|op~0\|op~1\|.*found "\|nor/);
    expect(() => parseArchitecture(EXAMPLE.replace('skip_connect', 'skip'))).toThrow(/^unknown operation "skip" in/);
    expect(() => parseArchitecture(EXAMPLE.replace('none', 'toString'))).toThrow(/^unknown operation "toString" in/);
  });

  it('is refused with a code and the offending text', () => {
    const error = thrownBy(() => parseArchitecture('64:64:64:64:64'));
    expect(error).toMatchObject({
      name: 'ArchitectureError',
      code: 'BAD_ARCHITECTURE',
      architecture: '64:64:64:64:64',
    });
  });
});

describe('str2lists and str2matrix', () => {
  it('answer the examples of the reference’s documentation', () => {
    expect(str2lists(EXAMPLE)).toEqual([
      [['nor_conv_1x1', 0]],
      [
        ['none', 0],
        ['none', 1],
      ],
      [
        ['none', 0],
        ['none', 1],
        ['skip_connect', 2],
      ],
    ]);
    expect(str2matrix(EXAMPLE)).toEqual([
      [0, 0, 0, 0],
      [2, 0, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 1, 0],
    ]);
  });

  it('agree with the parsed cell for every architecture', () => {
    fc.assert(
      fc.property(cell, (c) => {
        const text = formatArchitecture(c);
        const matrix = str2matrix(text);
        expect(str2lists(text).flat()).toEqual(c.map((name, i) => [name, EDGES[i]!.input]));
        expect(EDGES.map(({ node, input }) => OPERATIONS[matrix[node]![input]!])).toEqual(c);
      }),
    );
  });

  it('take what the reference takes: other sizes, empty nodes, other operations, inputs counted from the end', () => {
    expect(str2lists('')).toEqual([[]]);
    expect(str2matrix('')).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(str2lists('||a~0||b~7|+')).toEqual([
      [
        ['a', 0],
        ['b', 7],
      ],
      [],
    ]);
    expect(str2matrix('b~-2|a~0', ['a', 'b'])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(str2matrix('b~-1', ['a', 'b'])).toEqual([
      [0, 0],
      [0, 1],
    ]);
  });

  it('read input nodes as Python’s int does', () => {
    const texts = [
      '0',
      ' 1',
      '1\t',
      '-1',
      '01',
      '1_0',
      '_1',
      '1_',
      '1__0',
      '',
      '1.0',
      '1e0',
      '0x1',
      'one',
      '- 1',
      '--1',
    ];
    const script = `
import json, sys
def read(text):
    try:
        return int(text)
    except ValueError:
        return 'refused'
json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)`;
    const expected = JSON.parse(execFileSync('python3', ['-c', script], { input: JSON.stringify(texts) }).toString());
    const read = (text: string) => {
      try {
        return str2lists(`|none~${text}|`)[0]![0]![1];
      } catch (error) {
        return error instanceof ArchitectureError ? 'refused' : error;
      }
    };
    expect(texts.map(read)).toEqual(expected);
  });

  it('refuse what the reference refuses, in its words', () => {
    expect(() => str2lists('|none|')).toThrow(new ArchitectureError('invalid input length : none', '|none|'));
    expect(() => str2lists('|none~0~1|')).toThrow('invalid input length : none~0~1');
    expect(() => str2lists('|none~x|')).toThrow("invalid literal for int() with base 10: 'x'");
    expect(() => str2matrix('|none|')).toThrow('invalid input length : none');
    expect(() => str2matrix('|other~0|')).toThrow(/^this op \(other\) is not in/);
    expect(() => str2matrix('|none~2|')).toThrow('index 2 is out of bounds for axis 1 with size 2');
    expect(() => str2matrix('|none~-3|')).toThrow('index -3 is out of bounds for axis 1 with size 2');
    expect(thrownBy(() => str2matrix('|none~2|'))).toMatchObject({ code: 'BAD_ARCHITECTURE' });
  });
});

describe('the search space', () => {
  it('has 15,625 architectures', () => {
    const all = enumerateArchitectures();
    expect(all).toHaveLength(15_625);
    expect(new Set(all).size).toBe(15_625);
    expect(all[1]).toBe('|none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|');
  });

  it('has the published indices', () => {
    const published = publishedArchitectures();
    expect(published[0]).toBe(
      '|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|',
    );
    expect(published[9]).toBe('|avg_pool_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|');
    expect(published[123]).toBe(
      '|avg_pool_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|none~0|avg_pool_3x3~1|nor_conv_3x3~2|',
    );
  });

  itReal('has the whole published list in its order', () => {
    expect(publishedArchitectures()).toEqual(realRecords("load('meta')['meta_archs']"));
    expect(publishedArchitectures()).toEqual(realTable('accuracies.csv').map((row) => row.architecture));
  });

  it('gives each architecture 24 neighbours, each one edge away and a neighbour in turn', () => {
    fc.assert(
      fc.property(architecture, (text) => {
        const found = neighbours(text);
        expect(new Set(found).size).toBe(24);
        const own = parseArchitecture(text);
        for (const neighbour of found) {
          expect(parseArchitecture(neighbour).filter((name, edge) => name !== own[edge])).toHaveLength(1);
          expect(neighbours(neighbour)).toContain(text);
        }
      }),
    );
    expect(() => neighbours('none')).toThrow(ArchitectureError);
  });

  it('has 6,466 classes of isomorphic cells and 341 cells whose input never reaches the output', () => {
    const all = enumerateArchitectures();
    expect(new Set(all.map(uniqueString)).size).toBe(6466);
    expect(all.filter((text) => !isConnected(text))).toHaveLength(341);
  });

  itReal('has the classes of isomorphic cells that the reference finds', () => {
    const rows = realTable('accuracies.csv');
    expect(rows.map((row) => uniqueString(row.architecture!))).toEqual(rows.map((row) => row.unique));
  });

  itReal('calls disconnected only what never learned: 10 % on CIFAR-10 after 200 epochs', () => {
    const disconnected = realTable('accuracies.csv').filter((row) => !isConnected(row.architecture!));
    expect(disconnected).toHaveLength(341);
    expect(Math.max(...disconnected.map((row) => Number(row.cifar10_test_200)))).toBeCloseTo(10, 6);
  });
});

describe('the cost of a network', () => {
  itReal('is what the records of the published networks say, on every dataset', () => {
    const trials = realRecords(`[
      [trial['arch_config'], key[0], trial['flop'], trial['params']]
      for index in ('000000', '000284') for state in load(index).values() for key, trial in state['all_results'].items()
    ]`) as [
      Record<'arch_str', string> & Record<'channel' | 'num_cells' | 'class_num', number>,
      string,
      number,
      number,
    ][];
    expect(new Set(trials.map(([, dataset]) => dataset))).toEqual(new Set(Object.keys(TASK_SHAPES)));
    for (const [config, dataset, flops, params] of trials) {
      const task = TASK_SHAPES[dataset as keyof typeof TASK_SHAPES];
      expect(task.numClasses).toBe(config.class_num);
      const size = { C: config.channel, N: config.num_cells };
      expect(networkCost(config.arch_str, task, size)).toEqual({ flops, params });
      expect(networkCost(config.arch_str, task)).toEqual({ flops, params });
    }
  });

  itReal('has the recorded parameters of all but the 204 architectures whose record is wrong', () => {
    const recorded = realTable('v1_1.csv').map((row) => Number(row.params));
    const derived = publishedArchitectures().map((text) => networkCost(text, TASK_SHAPES.cifar10).params);
    const different = derived.flatMap((params, index) => (Math.abs(params - recorded[index]!) > 1e-9 ? [index] : []));
    expect(different).toHaveLength(204);
    expect(different).toContain(14648);
    expect([derived[14648], recorded[14648]]).toEqual([0.559386, 0.478373]);
  });

  it('follows the size of the network: counted by hand for 8 x 8 images, 4 channels, one cell a stage, 2 classes', () => {
    const skips = formatArchitecture(['none', 'none', 'skip_connect', 'none', 'avg_pool_3x3', 'none']);
    const stem = { macs: 108 * 64, params: 108 + 8 };
    const first = { macs: (288 + 576 + 32) * 16, params: 288 + 576 + 32 + 2 * 16 };
    const second = { macs: (1152 + 2304 + 128) * 4, params: 1152 + 2304 + 128 + 2 * 32 };
    const head = { macs: 34, params: 32 + 34 };
    const layers = [stem, first, second, head];
    expect(networkCost(skips, { imageSize: 8, numClasses: 2 }, { C: 4, N: 1 })).toEqual({
      flops: layers.reduce((total, { macs }) => total + macs, 0) / 1e6,
      params: layers.reduce((total, { params }) => total + params, 0) / 1e6,
    });
  });

  it('grows with every cell by what the cell’s convolutions cost', () => {
    const growth = (text: string) => {
      const [four, five] = [4, 5].map((N) => networkCost(text, TASK_SHAPES.cifar10, { N }));
      return [five!.flops - four!.flops, five!.params - four!.params];
    };
    const empty = formatArchitecture(['none', 'none', 'none', 'none', 'none', 'none']);
    expect(growth(empty)).toEqual([0, 0]);
    const oneConvolution = formatArchitecture(['none', 'none', 'none', 'nor_conv_1x1', 'none', 'none']);
    const [flops, params] = growth(oneConvolution);
    expect(flops).toBeCloseTo((3 * 16 * 16 * 32 * 32) / 1e6, 9);
    expect(params).toBeCloseTo((256 + 1024 + 4096 + 32 + 64 + 128) / 1e6, 9);
  });

  it('is refused for sizes that no network has', () => {
    const task = TASK_SHAPES.cifar10;
    expect(() => networkCost(EXAMPLE, { imageSize: 30, numClasses: 10 })).toThrow(
      /^imageSize .* multiple of 4, not 30/,
    );
    expect(() => networkCost(EXAMPLE, task, { C: 0 })).toThrow(/^C must be/);
    expect(() => networkCost(EXAMPLE, task, { N: 1.5 })).toThrow(/^N must be/);
    expect(() => networkCost('none', task)).toThrow(ArchitectureError);
  });
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
