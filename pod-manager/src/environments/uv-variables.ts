/** Variables of the manager that uv, and the builds it runs, may see: where things are and how to reach an index. */
const NAMES = new Set([
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "LANG",
  "TMPDIR",
  "LD_LIBRARY_PATH",
  "XDG_CONFIG_HOME",
  "XDG_CONFIG_DIRS",
  "XDG_DATA_HOME",
  "CC",
  "CXX",
  "CFLAGS",
  "CXXFLAGS",
  "CPPFLAGS",
  "LDFLAGS",
  "PKG_CONFIG_PATH",
  "CARGO_HOME",
  "RUSTUP_HOME",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "NETRC",
]);
const PATTERNS = [/^UV_/, /^PIP_/, /^LC_/, /^(https?|all|no|ftp)_proxy$/i];

/** Of those, what would take another way than ours, or is a secret that no install needs. */
const REFUSED =
  /^UV_(PUBLISH_.*|CACHE_DIR|NO_CACHE|PYTHON|SYSTEM_PYTHON|BREAK_SYSTEM_PACKAGES|PROJECT.*|WORKING_DIR.*|ENV_FILE|TARGET|PREFIX|REQUIRE_HASHES|NO_VERIFY_HASHES|VENV_.*|COMPILE_BYTECODE)$/;

/** The variables for a uv process: a clean set, whatever the manager itself was given. */
export function uvVariables(
  from: Readonly<Record<string, string | undefined>>,
  cacheFolder: string,
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(from)) {
    if (value === undefined || REFUSED.test(name)) continue;
    if (NAMES.has(name) || PATTERNS.some((pattern) => pattern.test(name))) variables[name] = value;
  }
  return { ...variables, UV_CACHE_DIR: cacheFolder, UV_NO_PROGRESS: "1", NO_COLOR: "1" };
}
