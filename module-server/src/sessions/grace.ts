/** Whether something is in use; where it has not been for the grace time, it expires. */
export class Grace {
  readonly #ms: number;
  readonly #expired: () => void;
  #holders = 0;
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  /** Not in use at first. */
  constructor(ms: number, expired: () => void) {
    this.#ms = ms;
    this.#expired = expired;
    this.#begin();
  }

  hold(): void {
    this.#holders++;
    clearTimeout(this.#timer);
  }

  release(): void {
    this.#holders--;
    if (this.#holders === 0) this.#begin();
  }

  /** It never expires from now on. */
  stop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  #begin(): void {
    if (!this.#over) this.#timer = setTimeout(this.#expired, this.#ms);
  }
}
