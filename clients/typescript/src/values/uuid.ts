const FORM = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/** A Python uuid.UUID. */
export class Uuid {
  /** 16 bytes, big-endian. */
  readonly bytes: Uint8Array;

  constructor(uuid: string | Uint8Array) {
    if (typeof uuid === "string") {
      if (!FORM.test(uuid)) throw new TypeError(`not a UUID: ${JSON.stringify(uuid)}`);
      this.bytes = new Uint8Array(Buffer.from(uuid.replaceAll("-", ""), "hex"));
      return;
    }
    if (uuid.length !== 16) throw new TypeError(`a UUID has 16 bytes, not ${uuid.length}`);
    this.bytes = new Uint8Array(uuid);
  }

  toString(): string {
    const hex = Buffer.from(this.bytes).toString("hex");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }
}
