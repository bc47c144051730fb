// What npm runs when the package is installed. Where a prebuilt binary loads, as nearly everywhere, that is nothing;
// `npm rebuild` compiles one where none does. Nothing is downloaded, and a plain install never fails for this: what is
// missing is said by the first import, with what to do.
import { buildBinary } from './build.js';
import { loadBinary, readerCandidates } from './load.js';

try {
  loadBinary('reader', readerCandidates());
} catch (error) {
  if (process.env.npm_command === 'rebuild') {
    await buildBinary('reader', { onOutput: (text) => process.stdout.write(text) });
  } else {
    console.warn((error as Error).message);
  }
}
