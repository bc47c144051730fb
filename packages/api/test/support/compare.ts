import type { Asker, Question } from './ask.js';

/** Where two answers differ, or null. Numbers may differ by `tolerance`, relative; 0 wants the same bits. */
export function difference(ours: unknown, theirs: unknown, tolerance: number, at = ''): string | null {
  if (typeof ours === 'number' && typeof theirs === 'number') {
    if (ours === theirs || Math.abs(ours - theirs) <= tolerance * Math.abs(theirs)) return null;
    return `${at}: ours ${ours}, the reference's ${theirs}`;
  }
  if (Array.isArray(ours) && Array.isArray(theirs)) {
    if (ours.length !== theirs.length) return `${at}: ours has ${ours.length} items, the reference's ${theirs.length}`;
    for (const [i, item] of ours.entries()) {
      const found = difference(item, theirs[i], tolerance, `${at}[${i}]`);
      if (found) return found;
    }
    return null;
  }
  if (ours && theirs && typeof ours === 'object' && typeof theirs === 'object') {
    const a = ours as Record<string, unknown>;
    const b = theirs as Record<string, unknown>;
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      if (!(key in a) || !(key in b)) return `${at}.${key}: only ${key in a ? 'ours' : "the reference's"}`;
      const found = difference(a[key], b[key], tolerance, `${at}.${key}`);
      if (found) return found;
    }
    return null;
  }
  return ours === theirs ? null : `${at}: ours ${JSON.stringify(ours)}, the reference's ${JSON.stringify(theirs)}`;
}

/** Means may be rounded differently; a number that was only read may not. */
export function toleranceOf({ call, args }: Question): number {
  if (call.startsWith('ResultsCount.')) return 0;
  if (args.is_random !== undefined && args.is_random !== false) return 0;
  return 1e-12;
}

/** The first few answers of ours that are not the reference's. */
export async function wrongAnswers(asker: Asker, answers: readonly Question[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const question of answers) {
    const label = `${question.call} ${JSON.stringify(question.args)}`;
    const outcome = await asker.ask(question).then(
      (answer) => ({ answer }),
      (error: unknown) => ({ error }),
    );
    if ('error' in outcome || question.error !== undefined) {
      if (!('error' in outcome) || question.error === undefined)
        wrong.push(`${label}: ${JSON.stringify(outcome)}, ${question.error}`);
      continue;
    }
    const found = difference(outcome.answer, question.answer, toleranceOf(question));
    if (found) wrong.push(`${label} ${found}`);
  }
  return wrong.slice(0, 10);
}
