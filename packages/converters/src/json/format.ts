import type { Format } from '../registry.js';
import { writePieces } from '../sink.js';
import { encodeJson, type JsonOptions } from './encode.js';

/** JSON that keeps what JSON has no word for; see `encodeJson`. */
export const json: Format<JsonOptions> = {
  name: 'json',
  about: 'any value as JSON',
  extensions: ['.json'],
  write: (value, sink, options = {}) => writePieces(encodeJson(value, options), sink, options.signal),
};
