"""Threads that do the work, bounded so that nobody's work can take them all.

- A registry that its host's name is in the settings has `REGISTRY_REQUESTS` threads at most; all other hosts together
  as many, and each of them a quarter of that. So a host that never answers holds up its own work and no one else's.
- Audit has half of each of these at most, so that an admission always finds a thread that audit does not hold. What
  waits for admission is taken before what waits for audit.
- What can't run at once waits in a queue; when that is full, work is refused at once rather than answered too late.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from provider import limits

_log: Final = logging.getLogger(__name__)

# Names of counts that are no host's.
_ALL: Final = "*"
_OTHERS: Final = ""
_IDLE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work.

    Attributes:
        host: the registry it will talk to, as the image reference spells it.
        audit: whether nobody's admission waits for it.
        run: the work. It must not raise.
    """

    host: str
    audit: bool
    run: Callable[[], None]


class Workers:
    """A pool of daemon threads, started when needed and ended when idle.

    Args:
        named: hosts that the settings name.
        threads: how many threads at most.
        queue: how many tasks may wait for one.
    """

    def __init__(
        self, named: Collection[str] = (), threads: int = limits.WORK_THREADS, queue: int = limits.WORK_QUEUE
    ) -> None:
        self._named = frozenset(named)
        self._threads = threads
        self._queue = queue
        self._condition = threading.Condition()
        self._runnable: deque[Task] = deque()
        self._waiting: dict[bool, OrderedDict[str, deque[Task]]] = {False: OrderedDict(), True: OrderedDict()}
        self._queued = 0
        self._running: Counter[tuple[str, bool]] = Counter()
        self._started = 0
        self._idle = 0

    def submit(self, task: Task) -> bool:
        """Have a task done, now or as soon as there is room.

        Returns:
            False when there are too many waiting already; then it will not be done.
        """
        with self._condition:
            if self._has_room(task):
                self._take(task)
                return True
            if self._queued >= self._queue:
                return False
            self._waiting[task.audit].setdefault(task.host, deque()).append(task)
            self._queued += 1
            return True

    def running(self) -> int:
        """How many tasks are being worked on."""
        with self._condition:
            return self._running[_ALL, False]

    def _bounds(self, task: Task) -> list[tuple[str, int]]:
        """Every count that a task is part of, with the most it may be."""
        of_registry = limits.REGISTRY_REQUESTS
        if task.host in self._named:
            return [(_ALL, self._threads), (task.host, of_registry)]
        return [(_ALL, self._threads), (_OTHERS, of_registry), (task.host, of_registry // 4)]

    def _has_room(self, task: Task) -> bool:
        return all(
            self._running[name, False] < bound and not (task.audit and self._running[name, True] >= max(1, bound // 2))
            for name, bound in self._bounds(task)
        )

    def _take(self, task: Task) -> None:
        """Give a task to a thread: an idle one, or else a new one."""
        self._count(task, 1)
        self._runnable.append(task)
        if self._idle >= len(self._runnable):
            self._condition.notify()
        else:
            self._started += 1
            threading.Thread(target=self._work, name=f"work-{self._started}", daemon=True).start()

    def _count(self, task: Task, by: int) -> None:
        for name, _ in self._bounds(task):
            # The first count is of all tasks, the second of audit's among them.
            for audit in (False, True) if task.audit else (False,):
                self._running[name, audit] += by
                if not self._running[name, audit]:
                    del self._running[name, audit]

    def _work(self) -> None:
        while (task := self._next()) is not None:
            try:
                task.run()
            except Exception:  # noqa: BLE001 - whatever it is, the thread is needed
                # It is not to raise; if it does, the thread goes on all the same.
                _log.exception("a task raised")
            finally:
                self._end(task)

    def _end(self, task: Task) -> None:
        with self._condition:
            self._count(task, -1)
            # This thread is as good as idle: what is promoted now needs no new one.
            self._idle += 1
            self._promote()
            self._idle -= 1

    def _next(self) -> Task | None:
        """The next task of a thread; None when there was none for a while, and the thread may end."""
        with self._condition:
            self._idle += 1
            try:
                self._condition.wait_for(lambda: bool(self._runnable), timeout=_IDLE_SECONDS)
                return self._runnable.popleft() if self._runnable else None
            finally:
                self._idle -= 1

    def _promote(self) -> None:
        """After a task has ended: take those that have room now, admission's first, the hosts in turn."""
        while (task := self._first_with_room()) is not None:
            self._take(task)

    def _first_with_room(self) -> Task | None:
        for hosts in (self._waiting[False], self._waiting[True]):
            for host, tasks in hosts.items():
                if self._has_room(tasks[0]):
                    task = tasks.popleft()
                    self._queued -= 1
                    hosts.move_to_end(host)
                    if not tasks:
                        del hosts[host]
                    return task
        return None
