"""The health check of the images, asked about the workers that the stack runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stories.conftest import Stack

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("worker", ["payouts", "money", "news", "exports"])
def test_a_worker_is_found_by_its_name(stack: Stack, worker: str) -> None:
    asked = subprocess.run(
        [sys.executable, "docker/healthy.py", worker],
        cwd=ROOT,
        env={**os.environ, "REDIS_URL": stack.info["redis_url"]},
        check=False,
        timeout=60,
    )
    assert asked.returncode == 0
