import type { Command } from 'commander';
import type { Terminal } from './terminal.js';

export interface CommandEntry {
  name: string;
  description: string;
  /** Its code, which no other command needs. */
  load: () => Promise<(terminal: Terminal) => Command>;
}

/** All commands, in the order of the help, for which none of them is loaded. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'info',
    description: 'what a file or folder is, and what it can answer',
    load: async () => (await import('./commands/info.js')).info,
  },
  {
    name: 'inspect',
    description: 'the values in a file, as a tree',
    load: async () => (await import('./commands/inspect.js')).inspect,
  },
  {
    name: 'query',
    description: "an architecture's losses, accuracies, times and costs: means over its trials",
    load: async () => (await import('./commands/query.js')).query,
  },
  {
    name: 'best',
    description: 'the architectures of the highest accuracy, by data set and set',
    load: async () => (await import('./commands/best.js')).best,
  },
  {
    name: 'show',
    description: "an architecture's results, word for word as the Python package's show() prints them",
    load: async () => (await import('./commands/show.js')).show,
  },
  {
    name: 'archs',
    description: 'architectures by index or text: their networks, FLOPs and parameters; needs no file',
    load: async () => (await import('./commands/archs.js')).archs,
  },
  {
    name: 'weights',
    description: "a trial's trained weights: as a safetensors file, or listed",
    load: async () => (await import('./commands/weights.js')).weights,
  },
  {
    name: 'convert',
    description: 'a benchmark, or part of it, in another format',
    load: async () => (await import('./commands/convert.js')).convert,
  },
  {
    name: 'diff',
    description: 'whether two files hold the same benchmark, and where they differ, whatever their formats',
    load: async () => (await import('./commands/diff.js')).diff,
  },
  {
    name: 'search',
    description: 'searches the benchmark: asks it what training would have given, and pays in simulated seconds',
    load: async () => (await import('./commands/search.js')).search,
  },
  {
    name: 'compare',
    description: 'runs all searches and compares what they find, and how fast',
    load: async () => (await import('./commands/compare.js')).compare,
  },
  {
    name: 'net',
    description: "an architecture's network: its cell drawn, its stages, FLOPs and parameters; needs no file",
    load: async () => (await import('./commands/net.js')).net,
  },
  {
    name: 'run',
    description: "runs an architecture's network on images: its first choices, and how long it takes; needs libtorch",
    load: async () => (await import('./commands/run.js')).run,
  },
  {
    name: 'train',
    description: "trains an architecture's network as the benchmark was made; needs libtorch",
    load: async () => (await import('./commands/train.js')).train,
  },
  {
    name: 'generate',
    description: 'makes a benchmark: trains its networks, on one machine or on a cluster, and merges the results',
    load: async () => (await import('./commands/generate.js')).generate,
  },
  {
    name: 'verify',
    description: 'compares the MD5 of a published file with the one that its name tells',
    load: async () => (await import('./commands/verify.js')).verify,
  },
  {
    name: 'doctor',
    description: 'what this installation has and lacks, to paste into a bug report',
    load: async () => (await import('./commands/doctor.js')).doctor,
  },
  {
    name: 'build',
    description: 'compiles the native addon here, with g++ and cmake, where there is no prebuilt one',
    load: async () => (await import('./commands/build.js')).build,
  },
  {
    name: 'libtorch',
    description: "fetches PyTorch's libtorch for the networks, or lists what there is",
    load: async () => (await import('./commands/libtorch.js')).libtorch,
  },
];
