export { ConvertError, type ConvertErrorCode } from './errors.js';
export { encodeJson, type JsonOptions } from './json/encode.js';
export { json } from './json/format.js';
export { formatPath, formatStep, PathError, parsePath, type Step, stepInto, stepOfKey } from './path.js';
export { FORMATS, type Format, formatFor, type WriteOptions } from './registry.js';
export { type SafetensorsOptions, writeSafetensors } from './safetensors/write.js';
