import { NDArray, PythonObject, type PythonValue, Tensor } from '../dist/index.js';

/** Every value in a value, each once; however it is nested, without recursion. */
export function* everyValue(...roots: PythonValue[]): Generator<PythonValue> {
  const seen = new Set<PythonValue>();
  const todo: (PythonValue | undefined)[] = [...roots];
  while (todo.length) {
    const value = todo.pop();
    if (value === undefined) continue;
    if (typeof value === 'object' && value !== null) {
      if (seen.has(value)) continue;
      seen.add(value);
    }
    yield value;
    if (Array.isArray(value) || value instanceof Set) for (const item of value) todo.push(item);
    else if (value instanceof Map) for (const [key, item] of value) todo.push(key, item);
    else if (value instanceof NDArray && Array.isArray(value.data)) todo.push(value.data);
    else if (value instanceof PythonObject) {
      todo.push(value.callee, value.args, value.kwargs, value.state, value.items, value.pairs);
    }
  }
}

/** Reads the elements of all tensors, as whoever uses a file would in the end. */
export function readTensors(values: PythonValue[]): void {
  for (const value of everyValue(...values)) if (value instanceof Tensor) value.toTypedArray();
}
