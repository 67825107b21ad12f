import { StringDecoder } from "node:string_decoder";

/** Splits a stream of bytes into its lines, each parsed as JSON. Throws for a line that is none, or longer than `maxLength`. */
export function createJsonLines(onValue: (value: unknown) => void, maxLength: number) {
  const decoder = new StringDecoder("utf8");
  let parts: string[] = [];
  let length = 0;
  return {
    push(bytes: Buffer): void {
      let text = decoder.write(bytes);
      for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
        const line = parts.join("") + text.slice(0, end);
        text = text.slice(end + 1);
        parts = [];
        length = 0;
        if (line.trim() !== "") onValue(JSON.parse(line));
      }
      if (text === "") return;
      length += text.length;
      if (length > maxLength) throw new Error(`A line is longer than ${maxLength} characters`);
      parts.push(text);
    },
  };
}
