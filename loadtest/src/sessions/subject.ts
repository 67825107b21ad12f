/** What is measured from Node: the same work, however it is said. */
export interface Subject extends AsyncDisposable {
  readonly name: string;
  /** operator.add(1, 2) */
  add(): PromiseLike<unknown>;
  /** numpy.sum of an array by value. */
  sum(array: Float64Array): PromiseLike<unknown>;
  /** numpy.sum(numpy.array([1, 2, 3, 4])), the array kept remote. */
  heldSum(): PromiseLike<unknown>;
  /** Ten dependent operations, and the value of the last. */
  chain(): PromiseLike<unknown>;
}
