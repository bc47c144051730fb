// The reference's own answers on each fixture (see test-fixtures/README.md), against ours.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishedArchitectures, QueryError, ReadError } from '../src/index.js';
import { Asker, BENCHMARKS, FIXTURES, type Question, readAnswers } from './support/ask.js';
import { difference, toleranceOf } from './support/compare.js';

/** Where we mean to answer otherwise. Each says what the reference does and why we do not. */
const ON_PURPOSE: { about: string; applies(question: Question): boolean }[] = [
  {
    about: 'hp may be a number everywhere; the reference takes one in three of its functions',
    applies: ({ args, error }) =>
      typeof args.hp === 'number' && [12, 200, 1, 90].includes(args.hp) && error !== undefined,
  },
  {
    about: 'show(-1) shows all architectures; the reference breaks off with KeyError: -1',
    applies: ({ call, args, error }) => call === 'show' && args.index === -1 && error !== undefined,
  },
  {
    about: 'findBest does not look at times; the reference fails on those that only some trials have',
    applies: ({ call, error }) => call === 'find_best' && error !== undefined && error.startsWith('TypeError'),
  },
  {
    about: 'findBest looks at costs only where they are limited; nats_bench fails on those that it cannot mend',
    applies: ({ call, args, error }) =>
      call === 'find_best' &&
      error === 'ValueError: 888 is not in list' &&
      !('flop_max' in args) &&
      !('param_max' in args),
  },
  {
    about: 'enforceAll means nothing where all is in one file; nats_bench asserts that it is not given',
    applies: ({ call, error }) =>
      call === 'find_best' && error !== undefined && error.includes('enforce_all can only be set'),
  },
  {
    about: 'unique() of an architecture that is not in the space is an error; nats_bench answers for its last one',
    applies: ({ call, args }) => call === 'get_unique_str' && !isIndexOrCell(args.arch),
  },
  {
    about: 'version 1.3 found no index by a number',
    applies: ({ call, args }) => call === 'v1.3:query_index_by_arch' && typeof args.arch === 'number',
  },
  {
    about: "version 1.3 did not know find_best's 'valid' and 'test', nor strings as an index",
    applies: ({ call, error }) => /^v1\.3:(find_best|get_more_info)$/.test(call) && error !== undefined,
  },
  {
    about: 'version 1.3 showed 200 epochs before 12',
    applies: ({ call }) => call === 'v1.3:show',
  },
  {
    about: 'queryInfoStrByArch of an architecture that is not in the space is null; nats_bench looks for its file',
    applies: ({ call, error }) => call === 'query_info_str_by_arch' && error === 'ValueError: invalid index of -1',
  },
];

const folder = join(FIXTURES, 'answers', 'benchmark');
for (const name of readdirSync(folder)) {
  const { about, answers } = readAnswers(join(folder, name));
  for (const fixture of [about.fixture, ...(about.also ?? [])]) {
    describe(`${fixture}, asked as ${name}`, () => {
      const asker = new Asker(join(BENCHMARKS, fixture));
      beforeAll(() => asker.ask({ call: 'open', args: {} }));
      afterAll(() => asker.api.close());

      it(`answers ${answers.length} questions as the reference does`, async () => {
        const wrong: string[] = [];
        for (const [i, question] of answers.entries()) {
          const label = `#${i} ${question.call} ${JSON.stringify(question.args)} ${JSON.stringify(question.on ?? {})}`;
          const intended = ON_PURPOSE.some(({ applies }) => applies(question));
          let ours: unknown;
          let failure: unknown;
          try {
            ours = await asker.ask(question);
          } catch (error) {
            failure = error;
          }
          if (intended) continue;
          if (question.error !== undefined) {
            if (failure === undefined)
              wrong.push(
                `${label}: ours ${JSON.stringify(ours)?.slice(0, 200)}, the reference fails: ${question.error}`,
              );
            else if (!isTyped(failure)) wrong.push(`${label}: no typed error: ${failure}`);
            continue;
          }
          if (failure !== undefined) {
            wrong.push(`${label}: we fail: ${failure}`);
            continue;
          }
          const theirs = expected(
            question,
            about.fixture,
            fixture === about.fixture ? undefined : { from: about.fixture, to: fixture },
          );
          const found = difference(ours, theirs, toleranceOf(question));
          if (found) wrong.push(`${label} ${found}`);
        }
        expect(wrong.slice(0, 20), `${wrong.length} of ${answers.length}`).toEqual([]);
      });
    });
  }
}

const cells = new Set(publishedArchitectures().slice(0, 3));
/** Of NATS-tss-v1_0-small, which has the first three architectures. */
function isIndexOrCell(arch: unknown): boolean {
  return typeof arch === 'number' || cells.has(arch as string);
}

function isTyped(error: unknown): boolean {
  return (
    error instanceof QueryError ||
    error instanceof ReadError ||
    error instanceof TypeError ||
    (error as { code?: string }).code === 'BAD_ARCHITECTURE'
  );
}

/** The reference's answer; with the file's own name where several fixtures share the answers of one. */
function expected(question: Question, fixture: string, renamed: { from: string; to: string } | undefined): unknown {
  let answer = question.call.endsWith('show') ? question.stdout!.replace(/\n$/, '') : question.answer;
  if (question.call === 'get_more_info') answer = withoutComment(answer);
  // Instances cannot be opened by the reference; its answers are on the same values as a dict, which has no name.
  if (typeof answer === 'string') answer = answer.replace('file=None)', `file=${fixture})`);
  if (renamed && typeof answer === 'string') answer = answer.replaceAll(renamed.from, renamed.to);
  return answer;
}

/** nats_bench adds a paragraph of prose to some answers. */
function withoutComment(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(withoutComment);
  const { comment: _, ...rest } = answer as Record<string, unknown>;
  return rest;
}
