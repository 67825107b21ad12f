import { spawnSync } from "node:child_process";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer as createSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { statusOf } from "../../testing/status-of.ts";
import { connectText, echo, serveText, TextDefinition } from "../../testing/text-service.ts";
import { createServer, reasonOf, Status } from "../index.ts";

const LONG_MS = 20_000;
const text = "abc";

describe("registration", () => {
  test("works while the server runs, and can be undone and done again", async () => {
    const server = createServer();
    const client = connectText(await server.listen("127.0.0.1:0"));
    try {
      const unknown = await statusOf((options) => client.one({ text }, options));
      expect(unknown).toMatchObject({ code: Status.UNIMPLEMENTED });
      expect(reasonOf(unknown)).toBe("UNKNOWN_SERVICE");
      for (let round = 0; round < 3; round += 1) {
        server.add(TextDefinition, echo);
        expect(await client.one({ text })).toEqual({ text });
        server.remove(round === 0 ? TextDefinition : TextDefinition.fullName);
        expect((await statusOf(() => client.one({ text }))).code).toBe(Status.UNIMPLEMENTED);
      }
    } finally {
      await server.close();
    }
  });

  test("says which methods there are", async () => {
    const { server, address } = await serveText();
    server.remove("/test.v1.Text/One");
    const client = connectText(address);
    const status = await statusOf((options) => client.one({ text }, options));
    expect(reasonOf(status)).toBe("UNKNOWN_METHOD");
    expect(status.message).toBe('The service test.v1.Text has no method "One"; it has Many, Join, Each');
  });

  test("refuses a second handler for a method, and a missing one", async () => {
    const { server } = await serveText();
    expect(() => server.add(TextDefinition, echo)).toThrow("The method /test.v1.Text/One is already served");
    const incomplete = { ...TextDefinition, fullName: "test.v1.Other" };
    const { one, ...rest } = echo;
    // @ts-expect-error a method is missing
    expect(() => server.add(incomplete, rest)).toThrow('No implementation of /test.v1.Other/One ("one")');
    expect(one).toBeDefined();
  });

  test("lets running calls of a removed service end", async () => {
    const go = Promise.withResolvers<void>();
    const { server, address } = await serveText({
      async one(request) {
        await go.promise;
        return request;
      },
    });
    const running = connectText(address).one({ text });
    await sleep(50);
    server.remove(TextDefinition);
    go.resolve();
    expect(await running).toEqual({ text });
  });
});

describe("addresses", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "podule-grpc-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("a port that is taken is an error", async () => {
    const { address } = await serveText();
    await expect(serveText({}, { address })).rejects.toThrow("EADDRINUSE");
  });

  test("a unix socket, several addresses at once, and nothing left behind", async () => {
    const path = join(folder, "s.sock");
    const { server, address } = await serveText({}, { address: `unix:${path}` });
    expect(address).toBe(`unix:${path}`);
    const second = await server.listen("127.0.0.1:0");
    expect(await connectText(address).one({ text })).toEqual({ text });
    expect(await connectText(second).one({ text })).toEqual({ text });
    await server.close();
    await vi.waitFor(() => expect(stat(path)).rejects.toThrow("ENOENT"));
  });

  test("a socket that a killed server left is taken over; one in use, or another file, is not", async () => {
    const path = join(folder, "s.sock");
    const owner = createSocket().listen(path);
    await vi.waitFor(() => expect(owner.listening).toBe(true));
    await expect(serveText({}, { address: `unix:${path}` })).rejects.toThrow("EADDRINUSE");
    owner.close();
    // What a kill -9 leaves: the file, and nobody who listens.
    const listen = `require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
    expect(spawnSync(process.execPath, ["-e", listen, path]).signal).toBe("SIGKILL");
    expect((await stat(path)).isSocket()).toBe(true);
    const { address } = await serveText({}, { address: `unix:${path}` });
    expect(await connectText(address).one({ text })).toEqual({ text });
    const file = join(folder, "file");
    await writeFile(file, "mine");
    await expect(serveText({}, { address: `unix:${file}` })).rejects.toThrow();
    expect((await stat(file)).isFile()).toBe(true);
  });
});

describe("the end", () => {
  test("drain waits for running calls, takes no new ones, and ends", async () => {
    const go = Promise.withResolvers<void>();
    const { server, address } = await serveText({
      async one(request) {
        await go.promise;
        return request;
      },
    });
    const running = connectText(address).one({ text });
    await sleep(50);
    let drained = false;
    const draining = server.drain(LONG_MS).then(() => {
      drained = true;
    });
    await sleep(100);
    expect(drained).toBe(false);
    expect((await statusOf(() => connectText(address).one({ text }))).code).toBe(Status.UNAVAILABLE);
    go.resolve();
    expect(await running).toEqual({ text });
    await draining;
    expect(server.drain(LONG_MS)).toBe(server.close());
  });

  test("drain cuts what runs after its grace", async () => {
    const aborted = vi.fn();
    const { server, address } = await serveText({
      async *many(request, { signal }) {
        yield request;
        await sleep(LONG_MS, undefined, { signal }).catch(aborted);
      },
    });
    const items = connectText(address).many({ text })[Symbol.asyncIterator]();
    expect(await items.next()).toMatchObject({ value: { text } });
    const start = Date.now();
    await server.drain(200);
    expect(Date.now() - start).toBeLessThan(LONG_MS / 2);
    await expect(items.next()).rejects.toThrow();
    await vi.waitFor(() => expect(aborted).toHaveBeenCalledOnce());
  });

  test("an idle connection, even one that never said a word, does not hold a drain", async () => {
    const { server, address } = await serveText();
    const client = connectText(address);
    await client.one({ text });
    const silent = connect(Number(address.split(":")[1]), "127.0.0.1");
    await vi.waitFor(() => expect(silent.readyState).toBe("open"));
    const start = Date.now();
    await server.drain(LONG_MS);
    expect(Date.now() - start).toBeLessThan(LONG_MS / 2);
    silent.destroy();
  });

  test("close ends a drain, and both may be called at any time", async () => {
    const { server, address } = await serveText({ one: () => new Promise(() => {}) });
    const running = statusOf(() => connectText(address).one({ text }));
    await sleep(50);
    const draining = server.drain(LONG_MS);
    await Promise.all([server.close(), server.close(), draining]);
    expect([Status.CANCELLED, Status.UNAVAILABLE, Status.INTERNAL]).toContain((await running).code);
    await createServer().drain(LONG_MS);
  });
});
