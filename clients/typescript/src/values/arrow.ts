const KINDS = ["table", "pandas", "polars", "record-batch"] as const;

export type ArrowKind = (typeof KINDS)[number];

/** A table as an Arrow IPC stream, for any Arrow library to read; travels as what `kind` says. */
export class ArrowData {
  readonly kind: ArrowKind;
  readonly ipc: Uint8Array;
  constructor(kind: ArrowKind, ipc: Uint8Array) {
    this.kind = kind;
    this.ipc = ipc;
  }
}

export function arrowKindNumber(kind: ArrowKind): number {
  return KINDS.indexOf(kind) + 1;
}

export function arrowKind(number: number): ArrowKind | undefined {
  return KINDS[number - 1];
}
