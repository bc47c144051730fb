import { type PythonValue, Tuple } from 'nas-bench-201';
import { decodeJson } from '../json/decode.js';
import { encodeJson } from '../json/encode.js';

/** The JSON of a value that JSON has words for, or undefined. */
function plain(value: PythonValue): string | undefined {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return JSON.stringify(value);
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? String(value) : undefined;
  if (Array.isArray(value) && !(value instanceof Tuple)) {
    const items = value.map(plain);
    return items.includes(undefined) ? undefined : `[${items.join(',')}]`;
  }
  if (!(value instanceof Map) || value.constructor !== Map) return undefined;
  let text = '';
  for (const [key, item] of value) {
    const written = typeof key === 'string' && !key.startsWith('$') ? plain(item) : undefined;
    if (written === undefined) return undefined;
    text += `${text && ','}${JSON.stringify(key)}:${written}`;
  }
  return `{${text}}`;
}

/** A value as `encodeJson` writes it: hundreds of thousands of small dicts, so what is plain takes a short way. */
export function valueJson(value: PythonValue): string {
  return plain(value) ?? [...encodeJson(value, { shared: 'copy', data: true })].join('');
}

/** The attributes of a trial as one JSON object. */
export function attributesJson(attributes: ReadonlyMap<string, PythonValue>): string {
  return attributes.size === 0 ? '' : valueJson(attributes as Map<PythonValue, PythonValue>);
}

/** What `attributesJson` wrote. @throws SyntaxError */
export function attributesOf(text: string): Map<string, PythonValue> {
  if (text === '') return new Map();
  const value = decodeJson(JSON.parse(text));
  if (!(value instanceof Map)) throw new SyntaxError('expected an object of attributes');
  return value as Map<string, PythonValue>;
}
