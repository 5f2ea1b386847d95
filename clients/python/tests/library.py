"""Imported for what it does: the library beside these tests is the one that is tested, be another one installed or not."""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent

if str(FOLDER) not in sys.path:
    sys.path.insert(0, str(FOLDER))
