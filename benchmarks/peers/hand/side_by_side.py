"""Parts of a batch on threads, BLAS kept to one thread meanwhile and given back what it had."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

try:
    from threadpoolctl import ThreadpoolController
except ImportError:
    ThreadpoolController = None

Call = Callable[[], Any]


def cores() -> int:
    """How many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def halves(n: int) -> list[slice]:
    """Two parts of `n` where there are two cores for them, else the whole."""
    if n < 2 or cores() < 2 or ThreadpoolController is None:
        return [slice(0, n)]
    return [slice(0, n // 2), slice(n // 2, n)]


class SideBySide:
    """Calls at the same time: the first in this thread, each other in one that waits for it."""

    def __init__(self, count: int) -> None:
        self.blas = ThreadpoolController().select(user_api="blas") if count > 1 else None
        self.done: SimpleQueue[Any] = SimpleQueue()
        self.queues: list[SimpleQueue[tuple[int, Call]]] = [SimpleQueue() for _ in range(count - 1)]
        for queue in self.queues:
            threading.Thread(target=self._serve, args=(queue,), daemon=True).start()

    def _serve(self, queue: SimpleQueue[tuple[int, Call]]) -> None:
        while True:
            place, call = queue.get()
            try:
                self.done.put((place, call(), None))
            except Exception as error:  # raised again in the thread that waits
                self.done.put((place, None, error))

    def __call__(self, calls: Sequence[Call]) -> list[Any]:
        """The results in order."""
        if self.blas is None:
            return [call() for call in calls]
        with self.blas.limit(limits=1):
            return self.run(calls)

    def run(self, calls: Sequence[Call]) -> list[Any]:
        """The same where BLAS keeps to one thread already, or is not called."""
        for place, call in enumerate(calls[1:]):
            self.queues[place].put((place + 1, call))
        results: list[Any] = [None] * len(calls)
        results[0] = calls[0]()
        errors = []
        for _ in calls[1:]:
            place, results_of, error = self.done.get()
            results[place] = results_of
            errors += [error] if error else []
        if errors:
            raise errors[0]
        return results
