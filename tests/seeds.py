"""A program run under several hash seeds: what decides must print the same bytes under each."""

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
SEEDS: Final = ("0", "1", "2")


def printed(program: str) -> str:
    """Return what `program` prints, whatever PYTHONHASHSEED is; AssertionError where that is not the same."""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}:{ROOT / 'operator'}"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in SEEDS
    }
    assert len(outputs) == 1, f"the hash seed shows: {sorted(outputs)}"
    return outputs.pop()
