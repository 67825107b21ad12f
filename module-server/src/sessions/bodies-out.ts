/** Of a body that the worker has ready: what it answers, and whose it is. */
export interface BodyOut {
  /** The id on the worker's link. */
  readonly linkId: number;
  /** The client's id of the call or, with `callback`, of the callback. */
  readonly id: number;
  readonly callback: boolean;
  readonly total: number;
}

/** Less than 1 MiB, so that a chunk and its frame fit a message. */
const PIECE_BYTES = 1024 * 1024 - 1024;
/** Pieces under way from the worker at once. */
const PIECES = 2;

/** Bodies that the worker sends in chunks, a few pieces at a time and in turns, as long as their reader takes them. */
export class BodiesOut {
  readonly #pull: (linkId: number, bytes: number) => void;
  readonly #bodies = new Map<number, { readonly body: BodyOut; asked: number; came: number }>();
  /** Those of which more may be asked, in turns. */
  readonly #turns: number[] = [];
  #underWay = 0;

  constructor(pull: (linkId: number, bytes: number) => void) {
    this.#pull = pull;
  }

  has(linkId: number): boolean {
    return this.#bodies.has(linkId);
  }

  add(body: BodyOut): void {
    this.#bodies.set(body.linkId, { body, asked: 0, came: 0 });
    this.#turns.push(body.linkId);
  }

  /** A piece has come; whose it is, undefined where nobody waits for it. */
  take(linkId: number, bytes: number): BodyOut | undefined {
    const entry = this.#bodies.get(linkId);
    if (entry === undefined) return undefined;
    entry.came += bytes;
    if (entry.came >= entry.asked) {
      this.#underWay--;
      if (entry.asked < entry.body.total) this.#turns.push(linkId);
      else this.#bodies.delete(linkId);
    }
    return entry.body;
  }

  /** Nobody waits for it any more. */
  drop(linkId: number): void {
    const entry = this.#bodies.get(linkId);
    if (entry === undefined) return;
    this.#bodies.delete(linkId);
    if (entry.asked > entry.came) this.#underWay--;
    const turn = this.#turns.indexOf(linkId);
    if (turn >= 0) this.#turns.splice(turn, 1);
  }

  /** Asks for the next pieces, while `open`. */
  pump(open: boolean): void {
    while (open && this.#underWay < PIECES) {
      const linkId = this.#turns.shift();
      if (linkId === undefined) return;
      const entry = this.#bodies.get(linkId);
      if (entry === undefined) continue;
      const bytes = Math.min(PIECE_BYTES, entry.body.total - entry.asked);
      entry.asked += bytes;
      this.#underWay++;
      this.#pull(linkId, bytes);
    }
  }
}
