/** Debian's python3, which has torch, or any other that can import all of these; undefined where there is none. */
export function findPython(modules: string, env?: NodeJS.ProcessEnv): string | undefined;
