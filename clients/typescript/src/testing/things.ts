/** What testing/python/things.py has. */
export interface Things {
  echo(value?: unknown): unknown;
  type_name(value: unknown): string;
  add(a: unknown, b: unknown): unknown;
  fail(message?: string): number;
  sleep(seconds: number): number;
  numbers(count: number): Iterable<number>;
  later(value: unknown): unknown;
  async_numbers(count: number): AsyncIterable<number>;
  apply(callback: unknown, ...args: unknown[]): unknown;
  apply_caught(callback: unknown): string;
  manager(name: string): Manager;
  blob(size: number): Uint8Array;
  size(value: unknown): number;
  exit_now(): null;
  Counter(start?: number): Counter;
  answer: number;
  entered: string[];
}

interface Manager {
  args: unknown;
}

export interface Counter {
  value: number;
  up(by?: number): Counter;
}
