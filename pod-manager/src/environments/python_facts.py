"""Prints what the pod manager must know of this interpreter, as JSON. Python 3.9 and newer; older ones get their version out."""

import json
import os
import platform
import sys
import sysconfig


def stdlib():
    names = set(sys.builtin_module_names)
    names.update(getattr(sys, "stdlib_module_names", ()))
    if not hasattr(sys, "stdlib_module_names"):
        folder = sysconfig.get_path("stdlib")
        for where in (folder, os.path.join(folder, "lib-dynload")):
            if os.path.isdir(where):
                names.update(name_of(entry, where) for entry in os.listdir(where))
    return sorted(name for name in names if name.isidentifier())


def name_of(entry, where):
    stem = entry.split(".")[0]
    if entry.endswith((".py", ".so", ".pyd")):
        return stem
    return entry if os.path.isfile(os.path.join(where, entry, "__init__.py")) else ""


libc = "-".join(part for part in platform.libc_ver() if part)
json.dump(
    {
        "path": os.path.abspath(sys.executable),
        "version": platform.python_version(),
        "implementation": sys.implementation.name,
        "platform": sysconfig.get_platform() + ("-" + libc if libc else ""),
        "abi": sysconfig.get_config_var("SOABI") or "",
        "stdlib": stdlib(),
    },
    sys.stdout,
)
