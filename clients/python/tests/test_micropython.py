"""The vectors once more, against the session on MicroPython (its WebAssembly build, run by Node)."""

import shutil
import subprocess
import unittest
from pathlib import Path

import vectors

HERE = Path(__file__).resolve().parent
INSTALLED = HERE / "node_modules" / "@micropython" / "micropython-webassembly-pyscript"


@unittest.skipUnless(shutil.which("node") and INSTALLED.is_dir(), f"npm ci in {HERE} installs MicroPython")
class MicroPython(unittest.TestCase):
    def test_every_vector_holds(self) -> None:
        ran = subprocess.run(["node", str(HERE / "micropython.mjs")], capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        self.assertIn(f"{len(vectors.names())} vectors passed, 0 failed", ran.stdout)
