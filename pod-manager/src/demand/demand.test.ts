import { createServer } from "@podule/grpc";
import { ManagersDefinition } from "@podule/proto/podule/internal/v1/managers.ts";
import { Module } from "@podule/proto/podule/v1/modules.ts";
import { expect, test } from "vitest";
import type { ModuleLoad } from "../scale/module-load.ts";
import { until } from "../testing/until.ts";
import { createDemand } from "./demand.ts";

const leads = { address: "" };

/** A replica that leads when it is told so, on a real server. */
async function replica(modules: readonly string[] = ["numpy"]) {
  const listeners = new Set<() => void>();
  const heard = new Map<string, ModuleLoad>();
  const wanted: string[] = [];
  let address = "";
  const demand = createDemand({
    leadership: {
      isLeader: () => leads.address === address,
      leader: () => (leads.address === "" ? undefined : `pod/${leads.address}`),
      watch(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    directory: {
      getModule: (id) => (modules.includes(id) ? Module.create({ name: `modules/${id}` }) : undefined),
      ensureModule(id) {
        wanted.push(id);
        return Module.create();
      },
    },
    onLoad: (load) => heard.set(load.id, load),
  });
  const server = createServer();
  server.add(ManagersDefinition, demand.service);
  address = await server.listen("127.0.0.1:0");
  demand.start();
  return {
    demand,
    heard,
    wanted,
    lead() {
      leads.address = address;
    },
    look() {
      for (const listener of listeners) listener();
    },
    async close() {
      await demand.close();
      await server.close();
    },
  };
}

test("what followers ask for reaches the one that leads, whoever that is, and goes when they go", async () => {
  const [one, two] = await Promise.all([replica(), replica()]);
  const own = {
    id: "numpy",
    waiting: 1,
    links: [{ name: "pods/a", usable: true, inFlight: 2, sessions: 0 }],
  };
  const load = {
    id: "numpy",
    waiting: 3,
    links: [{ name: "pods/a", usable: true, inFlight: 4, sessions: 1 }],
  };
  const change = (leader: typeof one) => {
    leader.lead();
    one.look();
    two.look();
  };
  try {
    change(one);
    one.demand.onLoad(own);
    two.demand.onLoad(load);
    await until(() => one.heard.get("numpy")?.waiting === 4);
    expect(one.heard.get("numpy")?.links).toEqual([
      { name: "pods/a", usable: true, inFlight: 6, sessions: 1 },
    ]);
    expect(one.wanted).toContain("numpy");
    expect(two.heard.size).toBe(0);

    // Less is told too.
    load.waiting = 0;
    two.demand.onLoad(load);
    await until(() => one.heard.get("numpy")?.waiting === 1);

    // Another one leads: all is told to it, and it asks the first.
    change(two);
    await until(() => two.heard.get("numpy")?.waiting === 1);
    expect(two.heard.get("numpy")?.links[0]?.inFlight).toBe(6);

    // The first one goes.
    await one.close();
    await until(() => two.heard.get("numpy")?.waiting === 0);
    expect(two.heard.get("numpy")?.links[0]?.inFlight).toBe(4);
  } finally {
    await Promise.all([one.close(), two.close()]);
  }
});
