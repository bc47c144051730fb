/** Where the tool and the real records lie that the file is made of. */
export const TOOL: string;
/** The path of the search file, which is made first where it is missing; undefined where it cannot be made. */
export function searchFile(): string | undefined;
