"""What can go wrong with a run folder, each said in English and Chinese.

Apart from the rest, so that the command line can tell them apart without loading numpy.
"""


class StoreError(OSError):
    """A run folder cannot be written, read or continued; said in English and Chinese.

    `exit_code` is the one the command line ends with.
    """

    exit_code = 4

    def __init__(self, what: str, what_zh: str) -> None:
        """Keep both texts; neither ends with a full stop."""
        super().__init__(what)
        self.what = what
        self.what_zh = what_zh

    def text(self, lang: str = "en") -> str:
        """The message in `lang`: `en`, `zh`, or `both`."""
        if lang == "both":
            return f"{self.what} | {self.what_zh}"
        return self.what_zh if lang == "zh" else self.what

    def __str__(self) -> str:
        return self.what

    def __reduce__(self) -> tuple[type["StoreError"], tuple[str, str]]:
        return type(self), (self.what, self.what_zh)


class DiskError(StoreError):
    """The disk is full, a folder may not be written, or a file cannot be read."""


class ClusterError(StoreError):
    """Worker processes or a cluster cannot be had, or were lost for good; `exit_code` 2 for a wrong option."""

    def __init__(self, what: str, what_zh: str, exit_code: int = 4) -> None:
        """Keep both texts and the exit code."""
        super().__init__(what, what_zh)
        self.exit_code = exit_code


class MemoryShortError(StoreError):
    """The system refused memory; the members stored so far are kept."""


class LockedError(StoreError):
    """Another process is writing to the folder."""


class IncompleteError(StoreError):
    """The run was interrupted: some of its members are missing."""


class NotARunError(StoreError):
    """The path is not a run folder."""

    exit_code = 2


class MismatchError(StoreError):
    """The folder belongs to another scenario, seed, data, source or version."""

    exit_code = 3


class DamagedError(StoreError):
    """A file of the folder does not hold what was written."""

    exit_code = 3
