"""What an error's card says: what happened, what it cost, what to do, each once and in its place."""

from types import SimpleNamespace

import pytest

from ltxv_nb import errors
from ltxv_nb.job import unknown_words
from ltxv_nb.notebook.output.card import Card, card_of, raised_bundle

PAID, FREE = SimpleNamespace(is_free=False), SimpleNamespace(is_free=True)
UNKNOWN = SimpleNamespace(id="ab12cd34", error="its answer was lost", backend="aimlapi")


@pytest.mark.parametrize(
    ("error", "title", "words", "cost", "next_"),
    [
        (
            errors.RequestError("duration is 7, but it can be 6 or 8."),
            "Not sent", "duration is 7, but it can be 6 or 8.", "Nothing was sent.", "",
        ),
        (
            errors.DuplicateRequest("It is job x; nothing was sent. `%ltxv wait x` gets its video.", PAID),
            "Not sent: it is being made already", "It is job x.", "Nothing was sent.",
            "`%ltxv wait x` gets its video.",
        ),
        (
            errors.APIError(
                "No. Nothing was sent. Run `rm`", status_code=400,
                hint="Nothing was billed; change what it names and run the cell again.",
            ),
            "Refused", "No. Nothing was sent. Run `rm` (HTTP 400).", "Nothing was billed.",
            "Change what it names and run the cell again.",
        ),
        (
            errors.AuthenticationError("Bad key", status_code=401, hint="Nothing was billed."),
            "Refused: the key", "Bad key (HTTP 401).", "Nothing was billed.", "`%ltxv login` takes one.",
        ),
        (
            errors.UnknownModel("There is no model 'q'. `%ltxv models` lists them; nothing was sent."),
            "Not sent: no such model", "There is no model 'q'.", "Nothing was sent.",
            "`%ltxv models` lists them.",
        ),
        (
            errors.GenerationTimeout("Job x goes on. The generation continues and will be billed.", PAID),
            "Still being made", "Job x goes on.", "The generation continues and will be billed.", "",
        ),
        (errors.GenerationFailed("No.", PAID), "Failed", "No.", "A failed generation is not billed.", ""),
        (errors.GenerationFailed("No.", FREE), "Failed", "No.", "Sandbox: free of charge.", ""),
    ],
)  # fmt: skip
def test_each_part_of_an_error_has_its_place(error, title, words, cost, next_):
    assert card_of(error)[:4] == (title, words, cost, next_)


def test_an_unconfirmed_submission_says_what_is_known_how_to_go_on_and_what_sending_again_may_cost():
    card = card_of(errors.SubmissionUnknown(unknown_words(UNKNOWN, watching=True), PAID))
    assert (card.title, card.tone) == ("Unconfirmed", "doubt")
    assert "may or may not have accepted" in card.words
    assert "`%ltxv show ab12cd34`" in card.next
    assert "billed twice" in card.next


def test_a_command_that_only_reads_speaks_of_nothing_that_was_to_be_sent():
    card = card_of(errors.RequestError("There is no command 'shwo'."), sending=False)
    assert (card.title, card.cost) == ("Not done", "")


def test_words_from_outside_stay_words_and_commands_can_be_taken_with_one_click():
    shown = Card("<b>", "<script>alert(1)</script> `<i>` $5", next="`%ltxv models` or %%ltxv --help").html()
    assert "<script>" not in shown
    assert "<b>" not in shown
    assert "<i>" not in shown
    assert 'user-select:all">%ltxv models</code>' in shown
    assert 'user-select:all">%%ltxv --help</code>' in shown
    assert "mathjax_ignore" in shown


def test_the_card_of_an_error_that_is_raised_hides_the_line_below_it():
    bundle = raised_bundle(errors.RequestError("Some words."))
    assert "ltxv-raised" in bundle["text/html"].partition("</style>")[2]
    assert bundle["text/plain"] == "Not sent\nSome words.\nNothing was sent."
