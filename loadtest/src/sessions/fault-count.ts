import { PoduleError } from "../../../clients/typescript/src/index.ts";

/** What became of the calls sent while something was killed. */
export interface FaultCount {
  readonly fault: string;
  readonly sent: number;
  readonly answered: number;
  /** With a typed error: a code and a reason. */
  readonly failedTyped: number;
  /** Reasons of the typed errors, and how often. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Ran, or was answered, more than once. */
  readonly twice: number;
  /** Neither answered nor failed with a typed error. */
  readonly unaccounted: number;
  /** From the fault to the first answer after it. */
  readonly backMs: number | undefined;
}

/** Counts calls, each by its own key, of which a right answer is 1. */
export class FaultCounter {
  #sent = 0;
  #answered = 0;
  #failedTyped = 0;
  #twice = 0;
  #untyped = 0;
  #faultAt: number | undefined;
  #sentAtFault = 0;
  #backAt: number | undefined;
  readonly #reasons = new Map<string, number>();

  get sent(): number {
    return this.#sent;
  }

  get settled(): number {
    return this.#answered + this.#failedTyped + this.#untyped;
  }

  /** Resolves when the call has ended: whether it failed. */
  async count(call: () => PromiseLike<unknown>): Promise<boolean> {
    const number = this.#sent++;
    try {
      const answer = await call();
      this.#answered += 1;
      if (answer !== 1) this.#twice += 1;
      if (this.#faultAt !== undefined && number >= this.#sentAtFault) this.#backAt ??= performance.now();
      return false;
    } catch (error) {
      if (error instanceof PoduleError && error.reason !== "") {
        this.#failedTyped += 1;
        this.#reasons.set(error.reason, (this.#reasons.get(error.reason) ?? 0) + 1);
      } else {
        this.#untyped += 1;
      }
      return true;
    }
  }

  /** Now it strikes. */
  fault(): void {
    this.#faultAt = performance.now();
    this.#sentAtFault = this.#sent;
  }

  result(fault: string): FaultCount {
    return {
      fault,
      sent: this.#sent,
      answered: this.#answered,
      failedTyped: this.#failedTyped,
      reasons: Object.fromEntries(this.#reasons),
      twice: this.#twice,
      unaccounted: this.#sent - this.#answered - this.#failedTyped,
      backMs:
        this.#faultAt === undefined || this.#backAt === undefined ? undefined : this.#backAt - this.#faultAt,
    };
  }
}
