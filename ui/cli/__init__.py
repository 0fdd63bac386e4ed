"""The command line, and what of the standard library it leaves until something of it is used.

click and dataclasses import `inspect`, and pathlib imports `ipaddress` with `urllib.parse`. Few
commands use anything of them, and every one would wait 13 ms for them, a twelfth of a cold search.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from threading import RLock
from types import ModuleType
from typing import Any

_reading = RLock()


class Later(ModuleType):
    """A module that is read when something of it is asked for.

    (`importlib.util.LazyLoader` would read it at the next `import` of it.)"""

    def __getattr__(self, name: str) -> Any:
        with _reading:
            if type(self) is Later:  # no other thread has read it meanwhile
                self.__spec__.loader.exec_module(self)  # type: ignore[union-attr]
                self.__class__ = ModuleType  # type: ignore[assignment]
        return getattr(self, name)


def leave(name: str) -> None:
    """Lets `import name` find the module unread, where it was not read before."""
    spec = None if name in sys.modules else find_spec(name)
    if spec is not None:
        module = module_from_spec(spec)
        module.__class__ = Later
        sys.modules[name] = module


leave("inspect")
leave("ipaddress")
