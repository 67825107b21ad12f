import type { Session } from "../session/session.ts";

interface Held {
  readonly session: Session;
  readonly id: number;
}

/** Objects in Python that live as long as something here stands for them. */
const registry = new FinalizationRegistry<Held>(give);

function give({ session, id }: Held): void {
  if (session.error !== undefined) return;
  session.releases.live--;
  session.releases.add(id);
  session.released();
}

/** `holder` stands for the object from now on. */
export function hold(holder: object, session: Session, id: number): void {
  session.releases.live++;
  registry.register(holder, { session, id }, holder);
}

/** There is no object after all, or somebody else stands for it. */
export function letGo(holder: object, session: Session): void {
  if (registry.unregister(holder)) session.releases.live--;
}

/** Gives the object back now. */
export function release(holder: object, session: Session, id: number): void {
  if (registry.unregister(holder)) give({ session, id });
}
