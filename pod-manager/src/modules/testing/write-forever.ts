import { createLocalModuleStore } from "../local-module-store.ts";
import { emptySpec } from "../module-spec.ts";
import { newModule } from "../new-module.ts";

/** A process that writes one module after another until it is killed; says "written N" after each write. */
const [stateDir = "", start = "0"] = process.argv.slice(2);
const store = createLocalModuleStore({ stateDir, namespace: "default" });
await store.open(() => {});
const filler = Array.from({ length: 500 }, (_, index) => `package-${index}==1.0`);
for (let number = Number(start); ; number++) {
  const spec = { ...emptySpec(), python: `${number}`, dependency: filler };
  await store.put(newModule(`m${number % 3}`, "uid", spec, new Date()));
  process.stdout.write(`written ${number}\n`);
}
