"""Promises of a folder of schemas: whatever is published can be put there, and a bad file harms no other."""

from __future__ import annotations

import json

import pytest

from ltxv_nb.sandbox.models.folder import with_folder
from ltxv_nb.sandbox.models.invented import usual_models
from ltxv_nb.sandbox.models.served import TYPE, document_of

SCHEMA = {
    "type": "object",
    "properties": {
        "model": {"type": "string", "enum": ["maker/one"]},
        "prompt": {"type": "string"},
        "image_url": {"type": "string"},
        "duration": {"type": "integer", "enum": [3, 7], "default": "3"},
    },
    "required": ["model", "prompt"],
}
PRICING = {"kind": "fixed", "currency": "USD", "units": [{"name": "second", "price": 0.5, "per": 1}]}


@pytest.fixture
def read(tmp_path):
    """Write files into a folder, and read it."""

    def go(**files):
        for name, content in files.items():
            text = content if isinstance(content, (str, bytes)) else json.dumps(content)
            data = text if isinstance(text, bytes) else text.encode()
            (tmp_path / f"{name}.json").write_bytes(data)
        return with_folder(usual_models(), tmp_path)

    return go


@pytest.mark.parametrize(
    "content",
    [
        {"model": "maker/one", "statuses": ["queued"], "schema": SCHEMA},
        document_of(SCHEMA),
        SCHEMA,
        {"schema": SCHEMA, "model": "maker/one", "pricing": PRICING},
    ],
    ids=["published", "document", "bare", "with a price"],
)
def test_a_schema_in_any_of_its_forms_is_a_model(read, content):
    models, skipped = read(one=content)
    one = models.find("maker/one")
    assert skipped == []
    assert len(models) == len(usual_models()) + 1
    assert one.model.parameter("duration").values == (3, 7)
    assert one.row["modalities"]["input"] == ["image", "text"]
    assert one.row["info"]["developer"] == "maker"
    assert one.priced == ("pricing" in content)


def test_a_price_list_in_another_file_belongs_to_the_same_model(read):
    row = {
        "id": "maker/one",
        "aliases": ["one"],
        "type": TYPE,
        "info": {"name": "The One"},
        "pricing": PRICING,
    }
    models, skipped = read(
        a_catalogue={"object": "list", "data": [row, {"id": "maker/chat", "type": "chat-completions"}]},
        schema={"model": "maker/one", "schema": SCHEMA},
    )
    one = models.find("one")
    assert skipped == []
    assert (one.model.name, one.model.price(duration=7).usd) == ("The One", 3.5)
    assert models.find("maker/chat") is None


def test_a_model_that_there_is_already_is_changed_as_far_as_the_folder_says(read):
    models, _ = read(price={"id": "ltxv/ltxv-2", "info": {"name": "Mine"}, "pricing": PRICING})
    changed = models.find("ltxv/ltxv-2")
    assert changed.model.price(duration=6).usd == 3.0
    assert changed.model.parameter("fps").values == (25, 50)
    assert (changed.row["info"]["name"], changed.row["info"]["developer"]) == ("Mine", "ltxv-nb")
    assert changed.seconds == usual_models().find("ltxv/ltxv-2").seconds


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<html></html>", "it is not JSON"),
        (b"\xff\xfe\x00", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[1]", "it is not a JSON object"),
        ({}, "no schema of a model"),
        ({"model": "maker/one", "schema": {"type": "object"}}, "it names no parameters"),
        ({"schema": {"properties": {"prompt": {"type": "string"}}}}, "does not name its model"),
        ({"model": "with space", "schema": SCHEMA}, "does not name its model"),
        ({"paths": {"/x": {"get": {}}}}, "it describes no POST"),
        ({"data": [{"id": "maker/chat", "type": "chat"}]}, "it lists no video model"),
        (" " * (4 * 1024 * 1024 + 1), "it has more than 4 MB"),
    ],
)
def test_a_bad_file_is_named_in_one_sentence_and_skipped(read, content, reason):
    models, (sentence,) = read(bad=content, good={"model": "maker/one", "schema": SCHEMA})
    assert sentence.startswith("bad.json is skipped: ")
    assert reason in sentence
    assert "\n" not in sentence
    assert models.find("maker/one") is not None


def test_wrong_shapes_in_an_entry_are_left_out(read):
    row = {"id": "maker/one", "aliases": "one", "info": 5, "tags": [1], "pricing": [], "capabilities": ["a"]}
    models, skipped = read(row=row, schema={"model": "maker/one", "schema": SCHEMA})
    one = models.find("maker/one")
    assert skipped == []
    assert (one.row["aliases"], one.row["capabilities"], one.priced) == ([], ["a"], False)


def test_files_that_are_not_json_are_not_looked_at(tmp_path):
    (tmp_path / "notes.txt").write_text("not for you")
    (tmp_path / "folder.json").mkdir()
    models, (sentence,) = with_folder(usual_models(), tmp_path)
    assert len(models) == len(usual_models())
    assert sentence.startswith("folder.json is skipped")
