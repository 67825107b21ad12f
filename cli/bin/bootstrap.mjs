#!/usr/bin/env node
// Runs on any Node from 20 on, with nothing installed: brings the dependencies, among them the Node that runs the rest.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const OLDEST_NODE = 20;
const RUNTIME_NODE = 24;
const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const main = join(root, "cli/src/main.ts");
const runtime = join(root, "node_modules/.bin/node");

/** Every package that the lock names is there, in its version. */
function isInstalled() {
  try {
    const wanted = readPackages(join(root, "package-lock.json"));
    const found = readPackages(join(root, "node_modules/.package-lock.json"));
    return Object.entries(wanted).every(
      ([path, { link, optional, devOptional, version }]) =>
        path === "" ||
        !path.startsWith("node_modules/") ||
        link ||
        optional ||
        devOptional ||
        found[path]?.version === version,
    );
  } catch {
    return false;
  }
}

function readPackages(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages;
}

function install() {
  const fresh = !existsSync(join(root, "node_modules"));
  const args = fresh ? ["ci"] : ["install", "--no-save"];
  console.error(`Installing the packages of Podule (npm ${args.join(" ")}); the first time takes a minute`);
  // An npm started by npm inherits settings of the outer one as variables; `npm start --omit=dev` means the script.
  const { status, error } = spawnSync(
    "npm",
    [...args, "--no-audit", "--no-fund", "--include=dev", "--loglevel=error"],
    {
      cwd: root,
      stdio: ["ignore", 2, 2],
    },
  );
  if (error) fail(`npm could not be started: ${error.message}. It comes with Node: https://nodejs.org`);
  if (status !== 0) fail("npm could not install the packages; its words are above.");
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function runtimeVersion() {
  const { stdout } = spawnSync(runtime, ["--version"], { encoding: "utf8" });
  return Number(/^v(\d+)\./.exec(stdout ?? "")?.[1] ?? 0);
}

/** Under npm the launcher ends with it; npm itself passes signals on, but cannot when it is killed. */
function endWithNpm(end) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const ancestors = () => [process.ppid, ...(byShell ? [parentOf(parent)] : [])].join();
  const parent = process.ppid;
  const byShell = isScriptShell(parent);
  const atFirst = ancestors();
  setInterval(() => {
    if (ancestors() !== atFirst) end();
  }, 500).unref();
}

/** npm starts a script by a shell; some stay between npm and the script, and outlive npm. */
function isScriptShell(pid) {
  return readProc(pid, "cmdline").split("\0").includes("-c");
}

function parentOf(pid) {
  return readProc(pid, "stat").replace(/^.*\)/s, "").trim().split(" ")[1];
}

/** Empty where there is no /proc: there `sh` is one that does not stay. */
function readProc(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

const nodeMajor = Number(process.versions.node.split(".")[0]);
if (nodeMajor < OLDEST_NODE) fail(`Podule needs Node ${OLDEST_NODE} or newer; this is ${process.version}.`);
if (!isInstalled()) install();
if (nodeMajor === RUNTIME_NODE) {
  endWithNpm(() => process.kill(process.pid, "SIGTERM"));
  await import(pathToFileURL(main).href);
} else {
  if (runtimeVersion() !== RUNTIME_NODE) {
    fail(
      `The Node ${RUNTIME_NODE} of the npm package "node" does not run. Does npm ignore install scripts? Try:\n  npm rebuild node --ignore-scripts=false`,
    );
  }
  const child = spawn(runtime, [main, ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  // The child ends when this process does: the channel between them is lost.
  endWithNpm(() => process.exit(1));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.once("error", (error) => fail(`${runtime} could not be started: ${error.message}`));
  child.once("exit", (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
    if (child.connected) child.disconnect();
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.removeAllListeners(name);
  });
}
