// `node …/core-native/dist/binary/compile.js [--torch]`: compiles a binary, as `nb201 build` does, for those who have
// the API alone. Nothing runs it at installation: package managers that let no package run scripts, as pnpm does, would
// fail for a script that nearly nobody needs.
import { buildBinary } from './build.js';

try {
  const name = process.argv.includes('--torch') ? 'torch' : 'reader';
  console.log(`compiled ${await buildBinary(name, { onOutput: (text) => process.stderr.write(text) })}`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
