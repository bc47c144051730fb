// document.mjs [--check]: writes the formats' documentation into README.md, from the .proto and the tables' columns;
// with --check only says, by its exit code, whether it is there as it should be.
import { readFileSync, writeFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { SUMMARY_TABLE, TRIAL_COLUMNS } from '../dist/table/columns.js';

const README = new URL('../README.md', import.meta.url);
const PROTO = new URL('../proto/nas_bench_201.proto', import.meta.url);

const row = (...cells) =>
  `| ${cells
    .map((cell) =>
      String(cell ?? '')
        .replaceAll('|', '\\|')
        .replaceAll('\n', ' '),
    )
    .join(' | ')} |`;

function messages() {
  const { root } = protobuf.parse(readFileSync(PROTO, 'utf8'), { keepCase: true, alternateCommentMode: true });
  return root.lookup('nas_bench_201').nestedArray.flatMap((type) => {
    const title = [`#### \`${type.name}\``, '', type.comment ?? '', ''];
    if (type instanceof protobuf.Enum) {
      const values = Object.entries(type.values).map(([name, id]) => row(id, `\`${name}\``, type.comments[name]));
      return [...title, row('number', 'name', ''), '|--:|---|---|', ...values, ''];
    }
    const fields = type.fieldsArray.map((field) =>
      row(field.id, `\`${field.name}\``, `${field.repeated ? 'repeated ' : ''}${field.type}`, field.comment),
    );
    return [...title, row('number', 'field', 'type', ''), '|--:|---|---|---|', ...fields, ''];
  });
}

const TYPES = {
  integer: 'INT32',
  long: 'INT64',
  number: 'DOUBLE',
  text: 'STRING',
  boolean: 'BOOLEAN',
  list: 'LIST of DOUBLE',
};
const table = (columns) => [
  row('column', 'type', 'may be NULL', ''),
  '|---|---|---|---|',
  ...columns.map(({ name, type, optional, about }) => row(`\`${name}\``, TYPES[type], optional ? 'yes' : '', about)),
  '',
];

const parts = { protobuf: messages(), trials: table(TRIAL_COLUMNS), summary: table(SUMMARY_TABLE) };
const before = readFileSync(README, 'utf8');
let after = before;
for (const [name, lines] of Object.entries(parts)) {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [after.indexOf(begin), after.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md has no ${begin} … ${end}`);
  after = `${after.slice(0, from + begin.length)}\n\n${lines.join('\n')}\n${after.slice(to)}`;
}
if (process.argv.includes('--check')) process.exit(after === before ? 0 : 1);
writeFileSync(README, after);
