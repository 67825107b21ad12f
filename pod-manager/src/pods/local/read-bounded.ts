import { open } from "node:fs/promises";

/** The first `limit` bytes of a file as text; empty where there is none. */
export async function readBounded(path: string, limit: number): Promise<string> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(limit), 0, limit, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } catch {
    return "";
  }
}
