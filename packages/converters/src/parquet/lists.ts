import type { ColumnChunk, OffsetIndex } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import type { List } from '../table/rows.js';

/** Bytes of numbers a page: one is the least that is read to answer for an architecture. */
const PAGE = 1 << 17;

// Definition levels of a list's places: no list, an empty one, a missing number, a number.
const NO_LIST = 0;
const NO_MEMBER = 1;
const NULL = 2;
const NUMBER = 3;

/** Levels as runs of equal ones, which is how they are written. */
class Levels {
  readonly #bytes = new ByteWriter(256);
  #value = 0;
  #count = 0;

  push(value: number, count: number): void {
    if (value !== this.#value) this.#flush();
    this.#value = value;
    this.#count += count;
  }

  #flush(): void {
    if (this.#count === 0) return;
    this.#bytes.appendVarInt(this.#count << 1);
    this.#bytes.appendUint8(this.#value);
    this.#count = 0;
  }

  bytes(): Uint8Array {
    this.#flush();
    return this.#bytes.getBytes();
  }
}

class Page {
  readonly #repetition = new Levels();
  readonly #definition = new Levels();
  readonly #values: Float64Array[] = [];
  rows = 0;
  places = 0;
  #nulls = 0;
  #numbers = 0;

  add(list: List | null): void {
    this.rows++;
    this.#repetition.push(0, 1);
    if (list === null || list.values.length === 0) {
      this.#definition.push(list === null ? NO_LIST : NO_MEMBER, 1);
      this.places++;
      this.#nulls++;
      return;
    }
    const { values, presence } = list;
    if (values.length > 1) this.#repetition.push(1, values.length - 1);
    this.places += values.length;
    if (presence?.includes(0)) {
      for (const there of presence) this.#definition.push(there ? NUMBER : NULL, 1);
      this.#values.push(values.filter((_, i) => presence[i] !== 0));
    } else {
      this.#definition.push(NUMBER, values.length);
      this.#values.push(values);
    }
    const numbers = this.#values.at(-1)!.length;
    this.#numbers += numbers;
    this.#nulls += values.length - numbers;
  }

  get size(): number {
    return this.#numbers * 8;
  }

  write(writer: ByteWriter): void {
    const repetition = this.#repetition.bytes();
    const definition = this.#definition.bytes();
    const size = repetition.length + definition.length + this.size;
    writePageHeader(writer, {
      type: 'DATA_PAGE_V2',
      uncompressed_page_size: size,
      compressed_page_size: size,
      data_page_header_v2: {
        num_values: this.places,
        num_nulls: this.#nulls,
        num_rows: this.rows,
        encoding: 'PLAIN',
        definition_levels_byte_length: definition.length,
        repetition_levels_byte_length: repetition.length,
        is_compressed: false,
      },
    });
    writer.appendBytes(repetition);
    writer.appendBytes(definition);
    for (const { buffer, byteOffset, byteLength } of this.#values) {
      writer.appendBytes(new Uint8Array(buffer, byteOffset, byteLength));
    }
  }
}

/**
 * Writes a column of lists of doubles. The library does so a number at a time, a quarter of a microsecond each; curves
 * are in memory as they stand in the file, and their levels are long runs, so they are copied as a whole here. Not
 * compressed: measured numbers hardly get shorter.
 */
export function writeLists(
  writer: ByteWriter,
  name: string,
  lists: readonly (List | null)[],
): { chunk: ColumnChunk; offsetIndex: OffsetIndex } {
  const begin = writer.offset;
  const locations: OffsetIndex['page_locations'] = [];
  let places = 0;
  for (let row = 0; row < lists.length; ) {
    const first = row;
    const page = new Page();
    while (row < lists.length && page.size < PAGE) page.add(lists[row++]!);
    const offset = writer.offset;
    page.write(writer);
    places += page.places;
    locations.push({
      offset: BigInt(offset),
      compressed_page_size: writer.offset - offset,
      first_row_index: BigInt(first),
    });
  }
  const size = BigInt(writer.offset - begin);
  return {
    chunk: {
      file_offset: BigInt(begin),
      meta_data: {
        type: 'DOUBLE',
        encodings: ['PLAIN', 'RLE'],
        path_in_schema: [name, 'list', 'element'],
        codec: 'UNCOMPRESSED',
        num_values: BigInt(places),
        total_uncompressed_size: size,
        total_compressed_size: size,
        data_page_offset: BigInt(begin),
      },
    },
    offsetIndex: { page_locations: locations },
  };
}
