#!/usr/bin/env node
import { run } from './index.js';

const code = await run(process.argv.slice(2));
// What was interrupted may still be reading.
if (code === 130) process.exit(code);
process.exitCode = code;
