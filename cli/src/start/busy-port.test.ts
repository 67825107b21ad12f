import { createServer } from "node:net";
import { expect, test } from "vitest";
import { whoHasPort } from "./busy-port.ts";

test("a port that is taken, by whom, and free again", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const owner = await whoHasPort("127.0.0.1", port);
  if (process.platform === "linux") expect(owner).toMatch(new RegExp(`^node.* \\(pid ${process.pid}\\)$`));
  else expect(owner).toBe("another process");
  await new Promise((resolve) => server.close(resolve));
  expect(await whoHasPort("127.0.0.1", port)).toBeUndefined();
});

test("an address that this machine does not have", async () => {
  await expect(whoHasPort("192.0.2.1", 50_051)).rejects.toThrow(/192\.0\.2\.1:50051.*EADDRNOTAVAIL/);
});
