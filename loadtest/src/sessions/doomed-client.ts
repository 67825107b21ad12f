import podule from "../../../clients/typescript/src/index.ts";
import { FaultCounter } from "./fault-count.ts";
import { startLoad, type Tally } from "./faults.ts";

/** A client under load, until it is killed. */
const [url = ""] = process.argv.slice(2);
const tally = await podule.import<Tally>("tally", { url });
startLoad(tally, new FaultCounter(), "doomed");
process.send?.("loaded");
process.once("disconnect", () => process.exit(1));
