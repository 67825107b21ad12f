/** The Python that the REPL understands: expressions and assignments. */
export type Node =
  | { readonly kind: "constant"; readonly value: unknown }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "attribute"; readonly of: Node; readonly name: string }
  | { readonly kind: "item"; readonly of: Node; readonly key: Node }
  | { readonly kind: "slice"; readonly parts: readonly (Node | undefined)[] }
  | {
      readonly kind: "call";
      readonly of: Node;
      readonly args: readonly Node[];
      readonly kwargs: readonly [string, Node][];
    }
  | { readonly kind: "operator"; readonly name: string; readonly operands: readonly Node[] }
  | { readonly kind: "and" | "or"; readonly left: Node; readonly right: Node }
  | { readonly kind: "list" | "tuple" | "set"; readonly items: readonly Node[] }
  | { readonly kind: "dict"; readonly entries: readonly (readonly [Node, Node])[] };

export interface Statement {
  /** What the value is given to; undefined for an expression alone. */
  readonly target: Node | undefined;
  readonly value: Node;
}
