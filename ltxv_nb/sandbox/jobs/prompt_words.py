"""Words in brackets that make a prompt behave in a certain way, for teaching and for tests."""

from __future__ import annotations

#: What each word does; `--help` and the documentation say it from here.
WORDS: dict[str, str] = {
    "[fail]": "the generation is accepted, and ends in the state error, with a message in words",
    "[no-credits]": "the submission is answered with 403, as if the account were out of credits",
    "[rate-limit]": "the submission is answered with 429 and Retry-After: 1 twice, then accepted",
    "[slow]": "the generation takes five times as long",
    "[unavailable]": "the generation is accepted, and three polls get a 503 in HTML before it goes on",
}

#: How often `[rate-limit]` refuses and `[unavailable]` is silent.
REFUSALS, OUTAGES = 2, 3

#: How many times longer `[slow]` takes.
SLOWNESS = 5.0

FAILURE = {
    "name": "SandboxFailure",
    "message": "The prompt holds [fail], so the sandbox ended this generation with an error.",
}


def has(prompt: str, word: str) -> bool:
    """Whether a prompt holds one of `WORDS`, in upper or lower case."""
    assert word in WORDS
    return word in prompt.lower()
