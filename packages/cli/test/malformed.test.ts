// Every bad input of test-fixtures/malformed: a typed failure or the right value, never a crash.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
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

function cli(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], { timeout: 60_000 });
    let out = '';
    let err = '';
    child.stdout.on('data', (piece) => {
      out += piece;
    });
    child.stderr.on('data', (piece) => {
      err += piece;
    });
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

async function each(list: readonly Case[], check: (one: Case) => Promise<void>): Promise<void> {
  const rest = [...list];
  const worker = async () => {
    for (let one = rest.pop(); one; one = rest.pop()) await check(one);
  };
  await Promise.all([worker(), worker()]);
}

describe('bad files', () => {
  const list = cases();

  it('are described by info', async () => {
    await each(list, async ({ path }) => {
      const { code, out, err } = await cli('info', path, '--json');
      expect([0, 1], `${path}: ${err}`).toContain(code);
      expect(`${out}${err}`, path).not.toMatch(/^\s+at /m);
      const document = JSON.parse(out);
      if (code === 1)
        expect(document.error, path).toMatchObject({ code: expect.any(String), message: expect.any(String) });
    });
  }, 300_000);

  it('are read or refused by inspect', async () => {
    await each(list, async ({ path, code: expected }) => {
      const { code, out, err } = await cli('inspect', path, '--json');
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
