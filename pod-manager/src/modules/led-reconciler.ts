import type { Leadership } from "../kubernetes/lease-election.ts";
import type { Reconciler } from "./reconciler.ts";

/** A reconciler while this manager leads, a new one for each term; at other times there is none, and what it is told is nobody's. */
export function createLedReconciler(options: {
  readonly leadership: Pick<Leadership, "isLeader" | "watch">;
  readonly make: () => Reconciler;
  /** Before a term. */
  readonly onBegin: () => void;
  /** After a term. */
  readonly onEnd: () => void;
}): Reconciler {
  const { leadership, make, onBegin, onEnd } = options;
  let term: Reconciler | undefined;
  let turns = Promise.resolve();
  let closed = false;
  let stopWatching = () => {};

  /** One after the other: a term begins when nothing of the one before runs. */
  async function turn(): Promise<void> {
    const leads = leadership.isLeader() && !closed;
    if (leads === (term !== undefined)) return;
    if (term !== undefined) {
      const ended = term;
      term = undefined;
      await ended.close();
      onEnd();
    } else {
      onBegin();
      term = make();
      term.start();
    }
  }

  function look(): Promise<void> {
    turns = turns.then(turn);
    return turns;
  }

  return {
    enqueue: (id) => term?.enqueue(id),
    refresh: (module) => term?.refresh(module),
    wantedByCall: (id) => term?.wantedByCall(id),
    start() {
      stopWatching = leadership.watch(() => void look());
      void look();
    },
    async close() {
      stopWatching();
      closed = true;
      await look();
    },
  };
}
