/** Collects output up to a number of bytes: its head, or its tail, and says whether something is missing. */
export function boundedText(limit: number, keep: "head" | "tail") {
  let chunks: Buffer[] = [];
  let size = 0;
  let truncated = false;
  return {
    get truncated(): boolean {
      return truncated;
    },
    add(chunk: Buffer): void {
      if (keep === "head") {
        const room = limit - size;
        if (chunk.length > room) truncated = true;
        if (room <= 0) return;
        chunks.push(chunk.subarray(0, room));
        size += Math.min(room, chunk.length);
        return;
      }
      chunks.push(chunk);
      size += chunk.length;
      if (size > 2 * limit) {
        chunks = [Buffer.concat(chunks).subarray(-limit)];
        size = limit;
        truncated = true;
      }
    },
    text(): string {
      const all = Buffer.concat(chunks);
      return (keep === "tail" && all.length > limit ? all.subarray(-limit) : all).toString("utf8");
    },
  };
}
