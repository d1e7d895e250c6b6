"""What a run of the benchmarks was asked to do."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    directory: Path  # scratch space, removed at the end
    quick: bool
    rounds: int
    seconds: float

    def pick(self, usual, quick):
        return quick if self.quick else usual
