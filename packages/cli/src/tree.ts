import { formatPath, formatStep, type Step, stepOfKey } from '@nas-bench-201/converters';
import {
  Complex,
  Dtype,
  FrozenSet,
  GlobalReference,
  NDArray,
  OrderedDict,
  PythonObject,
  type PythonValue,
  Storage,
  Tensor,
  Tuple,
} from 'nas-bench-201';
import type { Terminal } from './terminal.js';
import { integer, printable, shortened } from './text.js';

export interface TreeOptions {
  /** Levels below the value. */
  depth: number;
  /** Members that are shown of each container. */
  items: number;
  /** Columns. */
  width: number;
  colors: Terminal['colors'];
}

/** A small file can describe a tree of any size. */
const MAX_LINES = 10_000;
const PREVIEW = 6;

/** A value and what is in it, line by line. */
export function tree(value: PythonValue, options: TreeOptions): string[] {
  const { colors, width } = options;
  const lines: string[] = [];
  const open = new Map<PythonValue, readonly Step[]>();
  const add = (indent: string, name: string, item: PythonValue, level: number) => {
    const room = Math.max(20, width - indent.length - name.length - 2);
    const again = open.get(item);
    const text = again
      ? `the same as ${formatPath(again)}, which it is in`
      : shortened(summary(item) + (level < options.depth ? '' : preview(item)), room);
    lines.push(`${colors.dim(indent)}${name ? `${colors.cyan(name)}  ` : ''}${text}`);
    return again === undefined;
  };
  const walk = (container: PythonValue, steps: readonly Step[], indent: string) => {
    if (steps.length >= options.depth) return;
    const all = parts(container);
    if (!all) return;
    open.set(container, steps);
    let shown = 0;
    for (const [step, name, item] of all.members) {
      if (lines.length >= MAX_LINES) break;
      if (shown === options.items) break;
      shown++;
      const last = shown === all.size;
      const below = [...steps, step];
      if (add(`${indent}${last ? '└ ' : '├ '}`, name, item, below.length))
        walk(item, below, `${indent}${last ? '  ' : '│ '}`);
    }
    if (shown < all.size) lines.push(colors.dim(`${indent}└ … ${integer(all.size - shown)} more`));
    open.delete(container);
  };
  add('', '', value, 0);
  walk(value, [], '');
  if (lines.length >= MAX_LINES)
    lines.push(colors.yellow(`… ends after ${integer(MAX_LINES)} lines: choose with --path`));
  return lines;
}

interface Parts {
  size: number;
  members: Iterable<[step: Step, name: string, value: PythonValue]>;
}

/** What is in a container that is worth lines of its own. */
function parts(value: PythonValue): Parts | undefined {
  if (value instanceof Map) return { size: value.size, members: dictMembers(value) };
  if (value instanceof Tuple && isPlain(value)) return undefined;
  if (Array.isArray(value) || value instanceof Set) {
    const size = Array.isArray(value) ? value.length : value.size;
    return { size, members: listMembers(value) };
  }
  if (value instanceof NDArray && Array.isArray(value.data)) {
    return { size: value.data.length, members: listMembers(value.data) };
  }
  if (value instanceof PythonObject) {
    const entries = Object.entries(value).filter(([, part]) => part !== undefined) as [string, PythonValue][];
    return { size: entries.length, members: entries.map(([name, part]) => [name, `.${name}`, part]) };
  }
  return undefined;
}

function* dictMembers(dict: Map<PythonValue, PythonValue>): Generator<[Step, string, PythonValue]> {
  let place = 0;
  for (const [key, item] of dict) {
    const step = stepOfKey(key, place++);
    const named =
      typeof key === 'object' && key !== null && !Array.isArray(step) ? `{${shortened(summary(key), 40)}}` : '';
    yield [step, named || printable(formatStep(step).replace(/^\./, '')), item];
  }
}

function* listMembers(items: Iterable<PythonValue>): Generator<[Step, string, PythonValue]> {
  let place = 0;
  for (const item of items) yield [place, `[${place++}]`, item];
}

/** The first members of a container that gets no lines of its own. */
function preview(value: PythonValue): string {
  const all = parts(value);
  if (!all || all.size === 0 || value instanceof PythonObject) return '';
  const shown: string[] = [];
  for (const [, name, item] of all.members) {
    if (shown.length === PREVIEW) break;
    shown.push(value instanceof Map ? `${name.replace(/^\[(.*)\]$/, '$1')}: ${summary(item)}` : summary(item));
  }
  return `  ${shown.join(', ')}${all.size > PREVIEW ? ', …' : ''}`;
}

function isPlain(tuple: Tuple): boolean {
  return tuple.length <= 8 && tuple.every((item) => item === null || typeof item !== 'object');
}

function counted(name: string, size: number): string {
  return size === 0 ? `empty ${name}` : `${name} of ${integer(size)}`;
}

/** One line about a value. */
export function summary(value: PythonValue): string {
  if (value === null) return 'None';
  switch (typeof value) {
    case 'string':
      return `'${printable(value.slice(0, 500).replace(/[\\']/g, '\\$&'))}'`;
    case 'boolean':
      return value ? 'True' : 'False';
    case 'number':
      return Object.is(value, -0) ? '-0.0' : String(value).replace('Infinity', 'inf').replace('NaN', 'nan');
    case 'bigint':
      return shortened(value.toString(), 80);
    default:
      return ofObject(value);
  }
}

function ofObject(value: Exclude<PythonValue, null | string | boolean | number | bigint>): string {
  if (value instanceof Uint8Array) return `${counted('bytes', value.length)}${value.length ? `  ${hex(value)}` : ''}`;
  if (value instanceof OrderedDict) return counted('OrderedDict', value.size);
  if (value instanceof Map) return counted('dict', value.size);
  if (value instanceof FrozenSet) return counted('frozenset', value.size);
  if (value instanceof Set) return counted('set', value.size);
  if (value instanceof Tuple) {
    return isPlain(value)
      ? `(${value.map(summary).join(', ')}${value.length === 1 ? ',' : ''})`
      : counted('tuple', value.length);
  }
  if (Array.isArray(value)) return counted('list', value.length);
  if (value instanceof Tensor) {
    const extras = [value.isParameter ? 'parameter' : '', value.requiresGrad ? 'requires grad' : ''].filter(Boolean);
    return ['tensor', value.dtype, shape(value.shape), ...extras].join(' ');
  }
  if (value instanceof NDArray)
    return `ndarray ${value.dtype} ${shape(value.shape)}${value.fortran ? ' Fortran order' : ''}`;
  if (value instanceof Storage)
    return `storage ${value.dtype} of ${integer(value.length)}, key ${printable(value.key)}`;
  if (value instanceof Dtype) return `dtype ${printable(value.name)}`;
  if (value instanceof Complex) return `${summary(value.real)} + ${summary(value.imaginary)}j`;
  if (value instanceof GlobalReference) return `global ${printable(value.toString())} (not imported)`;
  const callee = value.callee instanceof GlobalReference ? printable(value.callee.toString()) : 'something';
  return `object of ${callee} (not built)`;
}

const shape = (sizes: readonly number[]) => `[${sizes.join(', ')}]`;

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 16)).toString('hex') + (bytes.length > 16 ? '…' : '');
}
