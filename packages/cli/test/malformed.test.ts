// Every bad input of test-fixtures/malformed: a typed failure or the right value, never a crash.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Outcome } from './support/cli.js';

const MANY = fileURLToPath(new URL('support/many.mjs', import.meta.url));
const MAKE = fileURLToPath(new URL('../../../test-fixtures/malformed/make.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'nb201-malformed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Case {
  path: string;
  code: string;
}

function cases(): Case[] {
  if (!existsSync(MAKE)) throw new Error(`${MAKE} is missing`);
  execFileSync(process.execPath, [MAKE, folder, '--small'], { stdio: 'pipe' });
  const rows = readFileSync(join(folder, 'cases.tsv'), 'utf8').trim().split('\n');
  return rows
    .filter((row) => !row.startsWith('#'))
    .map((row) => row.split('\t'))
    .map(([path, code]) => ({ path: isAbsolute(path!) ? path! : join(folder, path!), code: code! }));
}

/** Files that one process looks at, one after another. */
const AT_ONCE = 32;

/** What a command says of each file. One that ends its process is named, and fails the test. */
async function outcomes(command: string, list: readonly Case[]): Promise<Outcome[]> {
  const child = spawn(process.execPath, [MANY], { stdio: ['pipe', 'ignore', 'pipe', 'pipe'], timeout: 120_000 });
  child.stdin!.end(list.map(({ path }) => `${JSON.stringify([command, path, '--json'])}\n`).join(''));
  const [lines, said] = await Promise.all([text(child.stdio[3] as Readable), text(child.stderr!)]);
  const all = lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Outcome);
  if (all.length < list.length) throw new Error(`${command} ${list[all.length]!.path} ended its process: ${said}`);
  return all;
}

async function each(
  command: string,
  list: readonly Case[],
  check: (one: Case, outcome: Outcome) => void,
): Promise<void> {
  const rest = Array.from({ length: Math.ceil(list.length / AT_ONCE) }, (_, i) =>
    list.slice(i * AT_ONCE, (i + 1) * AT_ONCE),
  );
  const worker = async () => {
    for (let some = rest.pop(); some; some = rest.pop()) {
      const all = await outcomes(command, some);
      for (const [i, one] of some.entries()) check(one, all[i]!);
    }
  };
  await Promise.all([worker(), worker()]);
}

describe('bad files', () => {
  const list = cases();

  it('are described by info', async () => {
    await each('info', list, ({ path }, { code, out, err }) => {
      expect([0, 1], `${path}: ${err}`).toContain(code);
      expect(`${out}${err}`, path).not.toMatch(/^\s+at /m);
      const document = JSON.parse(out);
      if (code === 1)
        expect(document.error, path).toMatchObject({ code: expect.any(String), message: expect.any(String) });
    });
  }, 300_000);

  it('are read or refused by inspect', async () => {
    await each('inspect', list, ({ path, code: expected }, { code, out, err }) => {
      expect([0, 1], `${path}: ${err}`).toContain(code);
      expect(`${out}${err}`, path).not.toMatch(/^\s+at /m);
      const document = JSON.parse(out);
      if (expected === 'OK') expect(code, `${path}: ${err}`).toBe(0);
      if (code === 1) {
        expect(err, path).toMatch(/^error: [^\n]*\n$/);
        expect(document.error, path).toMatchObject({ code: expect.any(String) });
      }
    });
  }, 300_000);
});
