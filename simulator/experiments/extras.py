"""Libraries that only some questions need; a missing one is a usage error that names what installs it."""

import importlib
from types import ModuleType

from simulator.foundation.findings import UsageError

PROJECT = "tianjin-ai-simulator"


def extra(module: str, name: str) -> ModuleType:
    """Import `module` of the extra `name`; UsageError that says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as missing:
        raise UsageError(
            f"this needs {module.partition('.')[0]}; install it with: pip install '{PROJECT}[{name}]'",
            f"需要 {module.partition('.')[0]}；安装：pip install '{PROJECT}[{name}]'",
        ) from missing
