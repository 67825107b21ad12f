/** What a module is made of; as ModuleSpec in the API. All but `dependency` have defaults that fit most modules. */
export interface ModuleSpecOptions {
  /** What Python imports ("scipy.linalg"). Default: the module's name. */
  readonly importName?: string;
  /** PyPI requirements ("numpy==2.3.*"). */
  readonly dependency?: readonly string[];
  /** The Python to run ("3.12", ">=3.10"). */
  readonly python?: string;
  /** CPU request, a Kubernetes quantity ("500m"). */
  readonly cpu?: string;
  /** Memory request, a Kubernetes quantity ("512Mi"). */
  readonly memory?: string;
  /** Memory limit of each worker; beyond it Python raises MemoryError. */
  readonly memoryLimit?: string;
  /** Your own code: the absolute path of a file or package folder on the manager's machine. */
  readonly path?: string;
  /** Worker processes in each pod. */
  readonly workers?: number;
}

/** Whether anything of a spec was given. */
export function hasSpec(options: ModuleSpecOptions): boolean {
  const { importName, dependency, python, cpu, memory, memoryLimit, path, workers } = options;
  return [importName, dependency, python, cpu, memory, memoryLimit, path, workers].some(
    (part) => part !== undefined,
  );
}
