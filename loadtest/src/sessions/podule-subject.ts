import podule, { type NdArray, type RemoteModule } from "../../../clients/typescript/src/index.ts";
import type { Subject } from "./subject.ts";

interface Operator {
  add(a: number, b: number): number;
}

export interface Numpy {
  array(items: readonly number[]): NdArray;
  sum(items: unknown): number;
  add(a: unknown, b: number): NdArray;
}

export interface PoduleSubject extends Subject {
  readonly numpy: RemoteModule<Numpy>;
}

/** Podule through Envoy, by its TypeScript client: a session for each module. */
export async function poduleSubject(url: string): Promise<PoduleSubject> {
  const connection = podule.connect({ url });
  const operator = await connection.import<Operator>("operator");
  const numpy = await connection.import<Numpy>("numpy");
  return {
    name: "Podule",
    numpy,
    add: () => operator.add(1, 2),
    sum: (array) => numpy.sum(array),
    heldSum: () => numpy.sum(numpy.array([1, 2, 3, 4])),
    chain() {
      let value = numpy.array([1, 2, 3]);
      for (let n = 0; n < 10; n++) value = numpy.add(value, 1);
      return numpy.sum(value);
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}
