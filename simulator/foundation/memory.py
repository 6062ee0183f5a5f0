"""Memory that the system refused, however it was asked for."""

import errno

_REFUSED = ("failed to map segment", "annot allocate memory", "can't start new thread")


def is_short_of_memory(problem: BaseException | None) -> bool:
    """Whether the system refused memory: as such, or when a library or a thread was to be loaded for the first time."""
    while problem is not None:
        refused = getattr(problem, "errno", None) == errno.ENOMEM
        if isinstance(problem, MemoryError) or refused:
            return True
        if isinstance(problem, (OSError, RuntimeError, ImportError)):
            told = str(problem)
            if any(words in told for words in _REFUSED):
                return True
        problem = problem.__cause__ or problem.__context__
    return False
