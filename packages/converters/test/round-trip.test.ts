// A benchmark through the formats and back: nothing may change, and the reference must not notice.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Asker, readAnswers } from '../../api/test/support/ask.js';
import { difference, toleranceOf } from '../../api/test/support/compare.js';
import { convert } from '../src/index.js';
import {
  BENCHMARKS,
  differencesOf,
  FIXTURES,
  findPython,
  IRREGULAR,
  itWith,
  REAL,
  REFERENCES,
  ROOT,
  temporaryFolder,
  V1_1,
} from './support/files.js';

const folder = temporaryFolder();

async function roundTrip(file: string): Promise<void> {
  for (const middle of ['pb', 'jsonl', 'parquet', 'zip.pth']) {
    const converted = join(folder, `${basename(file)}.${middle}`);
    const container = middle.startsWith('zip') ? 'zip' : 'legacy';
    await convert(file, converted, { force: true, container });
    expect(await differencesOf(file, converted), middle).toEqual([]);
    const back = join(folder, `${basename(file)}.${middle}.back.pth`);
    await convert(converted, back, { force: true });
    expect(await differencesOf(file, back), `${middle} and back`).toEqual([]);
  }
}

describe('through every format and back, bit for bit', () => {
  for (const file of FIXTURES) it(basename(file), () => roundTrip(file));
  for (const file of REAL)
    itWith(existsSync(file), `${file}`, `real records: ${basename(file)}`, () => roundTrip(file));

  it('one format after another, compressed or not', async () => {
    let from = IRREGULAR;
    for (const name of ['a.pb', 'b.parquet', 'c.jsonl.gz', 'd.pth', 'e.pb.zst', 'f.jsonl', 'g.pb.gz', 'h.parquet']) {
      const to = join(folder, name);
      await convert(from, to);
      from = to;
    }
    expect(await differencesOf(IRREGULAR, from)).toEqual([]);
  });
});

describe('the API on a converted file', () => {
  const answers = join(ROOT, 'test-fixtures/answers/benchmark');
  for (const fixture of ['NAS-Bench-201-v1_1-b134ee.pth', 'NAS-Bench-201-v1_0-1ce61b.pth', 'irregular.pth']) {
    for (const extension of ['pb', 'parquet']) {
      it(`gives the reference's answers: ${fixture} as .${extension}`, async () => {
        const file = join(folder, `asked-${fixture}.${extension}`);
        await convert(join(BENCHMARKS, fixture), file);
        const asker = new Asker(file);
        const wrong: string[] = [];
        const { answers: questions } = readAnswers(join(answers, `${fixture}.json`));
        for (const question of questions) {
          if (question.error !== undefined) continue;
          // The text names the file, and weights are not converted.
          if (question.call === 'repr' || question.call === 'show' || question.call.includes('net_param')) continue;
          const ours = await asker.ask(question).catch((error: unknown) => `failed: ${error}`);
          const found = difference(ours, question.answer, toleranceOf(question));
          if (found) wrong.push(`${question.call} ${JSON.stringify(question.args)} ${found}`);
        }
        asker.api.close();
        expect(questions.length).toBeGreaterThan(200);
        expect(wrong.slice(0, 5), `${wrong.length} of ${questions.length}`).toEqual([]);
      });
    }
  }
});

describe('the reference on what was written', () => {
  const python = findPython('torch, numpy');
  const reference = join(REFERENCES, 'nas-bench-201-2.1');
  const there = python && existsSync(reference);
  const what = `python3 with torch, and the reference in ${reference} (npm run setup -- --tests)`;
  const ask = (file: string) => {
    const out = join(folder, 'answers.json');
    const script = join(ROOT, 'test-fixtures/scripts/compare_with_reference.py');
    const args = [script, file, out, '--reference', reference, '--questions', '600'];
    execFileSync(python!, args, { stdio: 'ignore' });
    return (JSON.parse(readFileSync(out, 'utf8')) as { answers: unknown[] }).answers;
  };
  for (const file of [V1_1, join(BENCHMARKS, 'NAS-Bench-201-v1_0-1ce61b.pth'), IRREGULAR]) {
    itWith(there, what, `answers the same after .pth, .pb, .parquet, .jsonl, .pth: ${basename(file)}`, async () => {
      let from = file;
      for (const [i, name] of ['a.pb', 'b.parquet', 'c.jsonl', 'd.pth'].entries()) {
        const to = join(folder, `${basename(file)}-${i}-${name}`);
        await convert(from, to, { container: 'legacy' });
        from = to;
      }
      // What it prints names the file.
      const named = (answers: unknown[], name: string) => JSON.stringify(answers).replaceAll(name, 'FILE');
      const [before, after] = [ask(file), ask(from)];
      expect(before.length).toBeGreaterThan(500);
      expect(named(after, basename(from)) === named(before, basename(file))).toBe(true);
    });
  }
});
