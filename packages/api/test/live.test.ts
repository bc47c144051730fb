// The reference itself, asked 2,000 random questions on each of three files of the original structure, against ours.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { findPython } from '../../../test-fixtures/python.mjs';
import { Asker, FIXTURES, readAnswers } from './support/ask.js';
import { wrongAnswers } from './support/compare.js';
import { SHARED } from './support/shared.js';

const REFERENCE = fileURLToPath(new URL('../../../.cache/reference/nas-bench-201-2.1', import.meta.url));
const COMPARE = join(FIXTURES, 'scripts', 'compare_with_reference.py');

const python = findPython('torch, numpy');
const missing = [
  !python && 'a python3 with torch and numpy',
  !existsSync(REFERENCE) && `the reference (${REFERENCE}; npm run setup -- --tests gets it)`,
  !existsSync(SHARED) && `the tools that write files of the original structure (${SHARED})`,
].filter(Boolean);

const FILES = {
  'FILEv1.1 with 300 architectures': ['make_benchmark_file.py', '--archs', '300'],
  'FILEv1.0 with 300 architectures': ['make_benchmark_file.py', '--archs', '300', '--old'],
  'a file whose records share dicts': ['make_search_file.py'],
} as const;

describe('the reference, live', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nb201-live-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const [name, [tool, ...options]] of Object.entries(FILES)) {
    const title = `answers 2,000 questions on ${name} as we do`;
    if (missing.length) {
      console.warn(`SKIPPED, because there is no ${missing.join(', no ')}: ${title}`);
      it.skip(`${title} (needs ${missing.join(', ')})`, () => {});
      continue;
    }
    it(title, async () => {
      const file = join(folder, 'F.pth');
      const answersFile = join(folder, 'answers.json');
      execFileSync(python!, [join(SHARED, 'tools', tool), file, ...options], { stdio: 'ignore' });
      execFileSync(python!, [COMPARE, file, answersFile, '--reference', REFERENCE, '--questions', '2000'], {
        stdio: 'ignore',
      });
      const { answers } = readAnswers(answersFile);
      expect(answers.length).toBeGreaterThan(2000);
      const walked = new Asker(file, { sideCar: folder });
      expect(await wrongAnswers(walked, answers)).toEqual([]);
      expect(walked.api.sideCar).toBeNull();
      const sideCar = await walked.api.sideCarKept();
      expect(sideCar).toBeDefined();
      // And all of it again by what the walk has left.
      const again = new Asker(file, { sideCar: folder });
      expect(await wrongAnswers(again, answers)).toEqual([]);
      expect(again.api.sideCar).toBe(sideCar);
      for (const { api } of [walked, again]) api.close();
    }, 600_000);
  }
});
