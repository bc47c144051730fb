/**
 * Makes the broken inputs that manifest.json lists, for whoever tests against them (vitest, GoogleTest, the CLI).
 *
 *   node make.mjs FOLDER [--small]      # all of them, or without the ones of many megabytes
 *
 * writes the files and `cases.tsv`: path (relative to it, or absolute), code or OK, byte offset ("-": any). A case is
 * met when the whole file is read, the bytes of all tensors included (`"lazy": true`: only those are refused).
 *
 * An entry of the manifest:
 *   id      also the name of its file
 *   row     in the list of bad inputs that the project started from
 *   about   what is wrong with it
 *   kind    the extension of its file
 *   make    how it is made, see `builders` below
 *   expect  {code, offset} | {value: as test-fixtures/README.md tags it} | {values: several} | {opens: true}
 * Offsets count bytes of the file, or are named after a part of it: "@directory[0]", "@data[1]+7".
 *
 * Bytes are written as hexadecimal digits in pairs, text between single quotes and groups in brackets, any of them with
 * `*N` behind it to repeat it: "80 02 'abc' 00*16 [4b 01 30]*1000 2e".
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateRawSync } from 'node:zlib';

const here = path.dirname(fileURLToPath(import.meta.url));

/** Bytes from the notation above. */
export function bytes(notation) {
  const token = /\s*(?:'([^']*)'|([0-9a-fA-F]{2})|(\[)|(\]))(?:\*(\d+))?\s*/y;
  const open = [[]];
  while (token.lastIndex < notation.length) {
    const at = token.lastIndex;
    const match = token.exec(notation);
    if (!match) throw new Error(`no bytes: ${notation.slice(at, at + 40)}`);
    const [, text, hex, begin, end, times = 1] = match;
    if (begin) {
      open.push([]);
      continue;
    }
    const unit = end ? Buffer.concat(open.pop()) : text === undefined ? Buffer.from(hex, 'hex') : Buffer.from(text);
    open.at(-1).push(Number(times) === 1 ? unit : Buffer.alloc(unit.length * Number(times), unit));
  }
  return Buffer.concat(open[0]);
}

const little = (width, value) => {
  const out = Buffer.alloc(width);
  if (width === 8) out.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  else out.writeUIntLE(Number(value), 0, width);
  return out;
};

/**
 * A zip archive, honest or not. An entry is {name, bytes} and, where the truth is not wanted: in both headers `flags`,
 * `method`, `crc`; in the directory alone `directoryFlags`, `size`, `compressed`, `headerAt`, `extra`; in the entry's
 * own header `localName`, `localFlags`, `localCompressed`. `deflate` packs it. Names are text or, as {hex}, bytes.
 */
export function zip({ entries, count, directoryAt, directorySize, zip64, comment = '', between = '' }) {
  const places = { header: [], data: [], directory: [] };
  const parts = [];
  const central = [];
  let at = 0;
  const put = (...buffers) => {
    for (const buffer of buffers) {
      parts.push(buffer);
      at += buffer.length;
    }
  };
  const nameOf = (name) => (typeof name === 'string' ? Buffer.from(name) : bytes(name.hex));
  for (const entry of entries) {
    const content = bytes(entry.bytes);
    const data = entry.deflate ? deflateRawSync(content) : content;
    const method = entry.method ?? (entry.deflate ? 8 : 0);
    const flags = entry.flags ?? 0;
    const crc = entry.crc ?? crc32(content);
    const name = nameOf(entry.name);
    const local = nameOf(entry.localName ?? entry.name);
    const extra = bytes(entry.extra ?? '');
    const header = at;
    places.header.push(header);
    put(
      bytes("'PK' 03 04 14 00"),
      little(2, entry.localFlags ?? flags),
      little(2, method),
      little(4, 0),
      little(4, crc),
    );
    put(little(4, entry.localCompressed ?? data.length), little(4, content.length));
    put(little(2, local.length), little(2, 0), local);
    places.data.push(at);
    put(data);
    central.push(
      Buffer.concat([
        bytes("'PK' 01 02 14 00 14 00"),
        little(2, entry.directoryFlags ?? flags),
        little(2, method),
        little(4, 0),
        little(4, crc),
        little(4, entry.compressed ?? data.length),
        little(4, entry.size ?? content.length),
        little(2, name.length),
        little(2, extra.length),
        bytes('00*10'),
        little(4, entry.headerAt ?? header),
        name,
        extra,
      ]),
    );
  }
  put(bytes(between));
  const begin = at;
  for (const entry of central) {
    places.directory.push(at);
    put(entry);
  }
  const size = at - begin;
  const directory = [count ?? entries.length, directorySize ?? size, directoryAt ?? begin];
  if (zip64) {
    places.record = at;
    put(bytes("'PK' 06 06"), little(8, 44), bytes('2d 00 2d 00 00*8'));
    put(little(8, directory[0]), little(8, directory[0]), little(8, directory[1]), little(8, directory[2]));
    places.locator = at;
    put(bytes("'PK' 06 07 00*4"), little(8, zip64.recordAt ?? places.record), little(4, 1));
  }
  places.end = at;
  const [entriesHere, sizeHere, atHere] = zip64 ? [0xffff, 0xffffffff, 0xffffffff] : directory;
  put(bytes("'PK' 05 06 00*4"), little(2, entriesHere), little(2, entriesHere), little(4, sizeHere), little(4, atHere));
  put(little(2, Buffer.byteLength(comment)), Buffer.from(comment));
  return { content: Buffer.concat(parts), places };
}

/** A legacy torch file, part by part; the defaults are what torch writes. */
export function legacy({
  magic = '80 02 8a 0a 6c fc 9c 46 f9 20 6a a8 50 19 2e',
  protocol = '80 02 4d e9 03 2e',
  system = "80 02 7d 28 58 10 00 00 00 'protocol_version' 4d e9 03 58 0d 00 00 00 'little_endian' 88 75 2e",
  object,
  keys = '80 02 5d 2e',
  storages = [],
  tail = '',
}) {
  const places = { storage: [] };
  const parts = [];
  let at = 0;
  for (const [name, part] of Object.entries({ magic, protocol, system, object, keys })) {
    places[name] = at;
    parts.push(bytes(part));
    at += parts.at(-1).length;
  }
  for (const storage of storages) {
    places.storage.push(at);
    parts.push(bytes(storage));
    at += parts.at(-1).length;
  }
  places.end = at;
  return { content: Buffer.concat([...parts, bytes(tail)]), places };
}

/** Files of too many different parts to be written down. */
const generators = {
  /** Lists that hold one another, linked from the outside in: none is deep at the moment when it is filled. */
  linkedLists({ count }) {
    const out = Buffer.alloc(7 + 13 * (count - 1) + 1);
    let at = out.write(']r\0\0\0\0', 0, 'latin1');
    for (let i = 1; i < count; i++) {
      at = out.writeUInt8(0x6a, at); // LONG_BINGET of the last one, EMPTY_LIST, LONG_BINPUT, APPEND, POP
      at = out.writeUInt32LE(i - 1, at);
      at += out.write(']r', at);
      at = out.writeUInt32LE(i, at);
      at += out.write('a0', at);
    }
    at += out.write('.', at);
    return out.subarray(0, at);
  },

  /** A dict of integers that have one hash: of `bytes` bytes each, different from the one at `from` on. */
  equalHashKeys({ count, bytes: size, from }) {
    const key = (i) => {
      const out = Buffer.alloc(2 + size + 1, 0);
      out.set([0x8a, size]); // LONG1
      out.writeUIntLE(i, 2 + from, 3);
      out.write('N', 2 + size);
      return out;
    };
    return Buffer.concat([Buffer.from('}('), ...Array.from({ length: count }, (_, i) => key(i)), Buffer.from('u.')]);
  },

  /** A torch file with so many more entries than it needs. */
  manyEntries({ count }) {
    const first = zip({ entries: [{ name: 'a/data.pkl', bytes: '80 02 4b 01 2e' }] });
    const name = (i) => `a/data/${String(i).padStart(7, '0')}`;
    const locals = Buffer.alloc(count * 44);
    const central = Buffer.alloc(count * 60);
    const base = first.places.directory[0];
    for (let i = 0; i < count; i++) {
      locals.write('PK\x03\x04\x14', i * 44, 'latin1');
      locals.writeUInt16LE(14, i * 44 + 26);
      locals.write(name(i), i * 44 + 30, 'latin1');
      central.write('PK\x01\x02\x14\0\x14', i * 60, 'latin1');
      central.writeUInt16LE(14, i * 60 + 28);
      central.writeUInt32LE(base + i * 44, i * 60 + 42);
      central.write(name(i), i * 60 + 46, 'latin1');
    }
    const own = first.content.subarray(base, first.places.end);
    const directoryAt = base + locals.length;
    const end = zip({
      entries: [],
      count: count + 1,
      directoryAt,
      directorySize: own.length + central.length,
      zip64: { recordAt: directoryAt + own.length + central.length },
    });
    return Buffer.concat([first.content.subarray(0, base), locals, own, central, end.content]);
  },
};

/** How a case is made: the one key that its `make` has. Each gives the bytes and, where they have names, the places. */
const builders = {
  bytes: (notation) => ({ content: bytes(notation) }),
  zip,
  legacy,
  generate: ({ name, ...how }) => ({ content: generators[name](how) }),
  /** A fixture and what is done to it, step by step. */
  from({ fixture, steps }) {
    let content = readFileSync(path.join(here, '..', fixture));
    for (const step of steps) {
      if ('keep' in step)
        content = content.subarray(0, step.keep < 1 ? Math.floor(content.length * step.keep) : step.keep);
      if ('append' in step) content = Buffer.concat([content, bytes(step.append)]);
      if ('prepend' in step) content = Buffer.concat([bytes(step.prepend), content]);
      if ('overwrite' in step) {
        content = Buffer.from(content);
        bytes(step.overwrite).copy(content, step.at);
      }
    }
    return { content, places: { end: content.length } };
  },
};

/** What is no regular file, or takes no space. */
const specials = {
  directory: (file) => mkdirSync(file, { recursive: true }),
  missing: () => {},
  fifo: (file) => execFileSync('mkfifo', [file]),
  unreadable(file) {
    writeFileSync(file, 'N.');
    chmodSync(file, 0);
  },
  sparse(file, { size, head }) {
    const fd = openSync(file, 'w');
    try {
      writeSync(fd, bytes(head));
      ftruncateSync(fd, size);
    } finally {
      closeSync(fd);
    }
  },
};

/** "@directory[0]+4" as a number. */
function resolve(offset, places) {
  if (typeof offset !== 'string') return offset;
  const [, name, index, more = 0] = /^@(\w+)(?:\[(\d+)\])?(?:\+(\d+))?$/.exec(offset);
  const place = index === undefined ? places[name] : places[name][index];
  if (place === undefined) throw new Error(`no such place: ${offset}`);
  return place + Number(more);
}

/** The entries of the manifest, as they are written there. */
export const manifest = JSON.parse(readFileSync(path.join(here, 'manifest.json'), 'utf8'));

/** The bytes of one entry and the offset that it expects, for cases that are bytes. */
export function build({ make, expect }) {
  const [how] = Object.keys(make);
  const { content, places } = builders[how](make[how]);
  return { content, expect: 'offset' in expect ? { ...expect, offset: resolve(expect.offset, places) } : expect };
}

/**
 * Makes one case in a folder that is there: its entry with `path` and a resolved offset. Nothing where this system or
 * user cannot have it: a FIFO on Windows, a file that root may not read.
 */
export function makeCase(entry, folder) {
  const file = path.join(folder, `${entry.id}.${entry.kind}`);
  rmSync(file, { recursive: true, force: true });
  if (!entry.make.special) {
    const { content, expect } = build(entry);
    writeFileSync(file, content);
    return { ...entry, expect, path: file };
  }
  const { special, ...how } = entry.make;
  const device = special.startsWith('/');
  if (process.platform === 'win32' && special !== 'directory' && special !== 'missing') return undefined;
  if (special === 'unreadable' && process.getuid() === 0) return undefined;
  if (device && !existsSync(special)) return undefined;
  specials[special]?.(file, how);
  return { ...entry, path: device ? special : file };
}

/** Makes all cases in a folder, or those that are not of many megabytes. */
export function make(folder, { small = false } = {}) {
  mkdirSync(folder, { recursive: true });
  const wanted = manifest.filter((entry) => !(small && entry.big));
  return wanted.map((entry) => makeCase(entry, folder)).filter((made) => made !== undefined);
}

/** What tests in other languages read. */
export function tsv(cases, folder) {
  const line = ({ path: file, expect }) => {
    const relative = path.relative(folder, file);
    return [relative.startsWith('..') ? file : relative, expect.code ?? 'OK', expect.offset ?? '-'].join('\t');
  };
  return `# path\tcode\toffset\n${cases.map(line).join('\n')}\n`;
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [folder, ...options] = process.argv.slice(2);
  if (!folder || options.some((option) => option !== '--small')) {
    console.error('usage: node make.mjs FOLDER [--small]');
    process.exit(2);
  }
  const cases = make(folder, { small: options.includes('--small') });
  writeFileSync(path.join(folder, 'cases.tsv'), tsv(cases, folder));
  console.log(`${cases.length} cases in ${folder}`);
}
