// Runs many commands in one process, as the command line runs one: lists of arguments as lines of JSON on stdin, what each
// printed and its exit code as lines of JSON on file descriptor 3.
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { run } from '../../dist/index.js';

let printed = { out: '', err: '' };
for (const [stream, name] of [
  [process.stdout, 'out'],
  [process.stderr, 'err'],
]) {
  // Each run listens until its process ends.
  stream.setMaxListeners(0);
  stream.write = (piece, encoding, callback) => {
    printed[name] += typeof piece === 'string' ? piece : Buffer.from(piece).toString();
    const done = typeof encoding === 'function' ? encoding : callback;
    if (done) process.nextTick(done);
    return true;
  };
}
for await (const line of createInterface({ input: process.stdin })) {
  printed = { out: '', err: '' };
  const code = await run(JSON.parse(line));
  writeSync(3, `${JSON.stringify({ code, ...printed })}\n`);
}
