"""
What `make fuzz-live` does, for a moment: random dialogues, each answer as it
was foreseen. DIALOGUES=30 has them for so many seconds.
"""

import os
import secrets

import dialogues
import pytest

SECONDS = float(os.environ.get("DIALOGUES") or 5)
SEED = os.environ.get("SEED") or secrets.token_hex(4)


@pytest.mark.parametrize("model", dialogues.MODELS)
def test_dialogues(model):
    share = 0.5 if model == "mtasync" else 0.5 / (len(dialogues.MODELS) - 1)
    count, wrong = dialogues.run(model, SEED, SECONDS * share)
    assert not wrong, "\n".join(wrong)
    assert count >= dialogues.LEAST
