"""What a model ran with: library versions and the machine's kind; never a name, host or path."""

import os
import platform
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

STACK = ("torch", "transformers", "tokenizers", "openvino", "openvino-genai", "openvino-tokenizers")


def lock() -> str:
    """List the installed distributions, one ``name==version`` a line, sorted."""
    told = (each.metadata for each in distributions())  # read anew whenever it is asked for
    found = {f"{said['Name'].lower()}=={said['Version']}" for said in told if said["Name"]}
    return "\n".join(sorted(found)) + "\n"


def processor() -> str:
    """Name the processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def facts() -> dict[str, str | int]:
    """Describe the machine without naming it."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "processor": processor(),
        "cores": os.cpu_count() or 0,
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        "python": platform.python_version(),
        "c_library": " ".join(platform.libc_ver()),
    }


def stack() -> dict[str, str | int]:
    """Return what exact answers depend on: engine versions, processor, cores."""
    found: dict[str, str | int] = {"processor": processor(), "cores": os.cpu_count() or 0}
    found["python"] = ".".join(platform.python_version_tuple()[:2])
    for name in STACK:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def differences(kept: dict[str, str | int], here: dict[str, str | int]) -> list[str]:
    """Say what differs between two stacks, one phrase each."""
    return [
        f"{name} {kept.get(name, 'absent')} then, {here.get(name, 'absent')} now"
        for name in sorted({*kept, *here})
        if kept.get(name) != here.get(name)
    ]
