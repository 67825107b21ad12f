import ora, { type Ora } from "ora";

/** What a user sees of a longer piece of work: a spinner on a terminal, plain lines elsewhere. */
export interface Steps {
  /** Runs one step; `say` tells how it goes on. What it returns as `done` is the line that stays. */
  step<T>(
    title: string,
    work: (say: (text: string) => void) => Promise<T>,
    done?: (value: T) => string,
  ): Promise<T>;
  /** A line that stays, above the step that runs. */
  line(text: string): void;
}

export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

export function createSteps(output: Output): Steps {
  // A terminal of no width (under `script`, in some containers) cannot have what was drawn on it wiped again.
  return output.isTTY && output.columns !== 0 ? spinnerSteps(output) : plainSteps(output);
}

function plainSteps(output: Output): Steps {
  const line = (text: string) => {
    output.write(`${text}\n`);
  };
  return {
    line,
    async step(title, work, done) {
      const started = performance.now();
      let last = title;
      line(`${title} ...`);
      const value = await work((text) => {
        if (text !== last) line(`  ${text}`);
        last = text;
      });
      line(`ok  ${done?.(value) ?? title}  (${duration(performance.now() - started)})`);
      return value;
    },
  };
}

function spinnerSteps(output: Output): Steps {
  let spinner: Ora | undefined;
  return {
    line(text) {
      spinner?.clear();
      output.write(`${text}\n`);
      spinner?.render();
    },
    async step(title, work, done) {
      const started = performance.now();
      const current = ora({ text: title, stream: output, discardStdin: false }).start();
      spinner = current;
      try {
        const value = await work((text) => {
          current.text = `${title}: ${text}`;
        });
        current.succeed(`${done?.(value) ?? title}  (${duration(performance.now() - started)})`);
        return value;
      } catch (error) {
        current.fail(title);
        throw error;
      } finally {
        spinner = undefined;
      }
    },
  };
}

/** "4 ms", "1.9 s", "2 min 5 s" */
export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
