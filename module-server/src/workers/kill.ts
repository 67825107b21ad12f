/** Sends a signal; false where there is no such process. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/** Kills a process and all of its group. */
export function killGroup(pid: number): void {
  signal(-pid, "SIGKILL");
  signal(pid, "SIGKILL");
}
