"""The service's models: found by any name, cached, offline, gone, and whatever the service answers."""

from __future__ import annotations

import json
import pickle

import pytest
from fakes import KEY, ORIGIN, FakeCatalogue, catalogue_row, reply

from ltxv_nb.errors import APIError, DuplicateRequest, NotFoundError, RequestError, UnknownModel
from ltxv_nb.models import listing
from ltxv_nb.models.cache import Cache
from ltxv_nb.models.catalogue import FRESH_SECONDS, RETRY_SECONDS

SEED = {"type": "integer", "minimum": 0, "maximum": 9, "default": "3"}


@pytest.fixture
def shop(desk):
    """A service with three models beside the built-in two."""
    catalogue = FakeCatalogue.of("maker/one", "maker/two", "other/three", seed=SEED)
    catalogue.rows += [catalogue_row("ltxv/ltxv-2", aliases=["ltxv-2"]), catalogue_row("ltxv/ltxv-2-fast")]
    desk.service.catalogue = catalogue
    return catalogue


def asked(shop, path):
    return [query for one, query in shop.asked if one == path]


def ids(models):
    return [model.id for model in models]


# -- the list ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("shop")
def test_all_models_are_listed_the_built_in_ones_with_their_own_parameters(desk):
    models = desk.client.models()
    assert ids(models) == ["maker/one", "maker/two", "other/three", "ltxv/ltxv-2", "ltxv/ltxv-2-fast"]
    built_in = models[3]
    assert built_in.parameter("image").name == "image_url"
    assert built_in.seconds == 70.0
    assert built_in.usd_per_second == (0.05, 0.05)  # what the catalogue says counts


def test_the_catalogue_is_read_without_the_key_and_once(desk, shop):
    desk.client.models()
    desk.client.models()
    (query,) = asked(shop, "/v1/models")
    assert query == {"output_modalities": ["video"], "include": ["all"]}
    assert asked(shop, "/docs-json") == []
    assert all("Authorization" not in sent.headers for sent in desk.rig.wire.sent)
    assert KEY not in str([dict(sent.headers) for sent in desk.rig.wire.sent])


def test_another_process_reads_it_from_the_home_folder_and_asks_nothing(desk, shop):
    desk.client.models()
    desk.client.model("maker/one").parameter("seed")
    before = len(shop.asked)
    client, rig = desk.another()
    assert len(client.models()) == 5
    assert client.model("maker/one").parameter("seed").default == 3
    assert len(shop.asked) == before
    assert rig.wire.sent == []


def test_a_list_of_a_day_ago_is_returned_at_once_and_refreshed_in_the_background(desk, shop):
    desk.client.models()
    shop.rows.append(catalogue_row("maker/four"))
    desk.clock.advance(FRESH_SECONDS + 1)
    assert len(desk.client.models()) == 5
    assert len(desk.client.models()) == 5
    (work,) = desk.background  # one thread, however often it is asked
    work()
    assert len(desk.client.models()) == 6


def test_a_list_that_has_not_changed_is_not_sent_again(desk, shop):
    desk.client.models()
    desk.client.models(refresh=True)
    assert desk.rig.wire.sent[-2].headers["If-None-Match"] == shop.etag
    assert len(desk.client.models()) == 5


def test_after_a_failure_the_background_waits_before_it_tries_again(desk, shop):
    desk.client.models()
    desk.clock.advance(FRESH_SECONDS + 1)
    shop.broken = reply(503, {"message": "down"})
    desk.client.models()
    desk.background.pop()()
    assert len(desk.client.models()) == 5
    assert desk.background == []
    desk.clock.advance(RETRY_SECONDS + 1)
    desk.client.models()
    assert len(desk.background) == 1


@pytest.mark.parametrize(
    "answer",
    [
        reply(404, {"message": "no such page"}), reply(200, body=b"<html>"), reply(200, []), reply(200, {"data": 7}),
        reply(200, {"data": [7, None, {"id": 3}, {"id": ""}, {"id": "a b"}, {"id": "x\n"}]}), reply(200, {"data": []}),
        reply(200, body=b'{"data": ['), reply(302, body=b"", headers={"Location": "https://evil.example/"}),
    ],
)  # fmt: skip
def test_without_a_catalogue_the_built_in_models_are_there_and_the_list_says_why(desk, shop, answer):
    shop.broken = answer
    models = desk.client.models()
    assert ids(models) == ["ltxv/ltxv-2", "ltxv/ltxv-2-fast"]
    assert "These are the built-in models" in models.note
    assert "\n" not in models.note
    with pytest.raises(APIError):
        desk.client.models(refresh=True)
    assert all(sent.url.startswith(ORIGIN) for sent in desk.rig.wire.sent)


def test_a_refused_refresh_leaves_what_is_kept(desk, shop):
    desk.client.models()
    shop.broken = reply(200, {"data": []})
    with pytest.raises(APIError, match="lists no video models"):
        desk.client.models(refresh=True)
    assert len(desk.client.models()) == 5


def test_the_median_that_the_service_reports_comes_with_the_list(desk, shop):
    times = {"p50": 90_000, "p75": 100_000, "p90": 120_000, "p99": 200_000}
    desk.service.metrics = {"models": [{"alias": "maker/one", "metrics": {"duration_ms": times}}]}
    one, two, *_ = desk.client.models()
    assert (one.median_seconds, two.median_seconds) == (90.0, None)
    assert "90 s" in repr(desk.client.models())


def test_models_are_chosen_by_ability_words_and_price(desk, shop):
    shop.rows[0].update(capabilities=["image_to_video", "text_to_video"])
    shop.rows[1]["pricing"]["units"] = [{"measure": "second", "price": 0.2, "per": 1}]
    shop.rows[2]["pricing"] = {"kind": "variable"}
    client = desk.client
    assert ids(client.models(can="Image-to-video")) == ["maker/one"]
    assert ids(client.models(words="MAKER two")) == ["maker/two"]
    assert ids(client.models(words="maker", max_usd_per_second=0.1)) == ["maker/one"]
    assert "other/three" not in ids(client.models(max_usd_per_second=99))
    assert repr(client.models(words="zebra")) == "No model fits."
    for wrong in (-1, True, "cheap", float("nan")):
        with pytest.raises(RequestError, match="max_usd_per_second"):
            client.models(max_usd_per_second=wrong)


def test_rows_with_flaws_are_read_as_far_as_they_go(desk, shop):
    shop.rows[:] = [
        {"id": "bare"},
        {"id": "twice", "info": {"name": "first"}},
        {"id": "TWICE", "info": {"name": "second"}},
        {
            "id": "odd",
            "aliases": "x",
            "info": [],
            "type": 7,
            "capabilities": {},
            "pricing": [],
            "modalities": 3,
        },
        {"id": "loud", "info": {"name": "<script>alert(1)</script>\x1b[31m", "developer": ["x"]}},
        {"id": "chat", "modalities": {"output": ["text"]}},
        {"id": "speech", "type": "openai/audio-speech"},
    ]
    models = desk.client.models()
    assert ids(models) == ["bare", "twice", "odd", "loud"]
    assert models[1].name == "first"
    shown = models._repr_html_()
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert "\x1b" not in shown + repr(models)


def test_the_table_has_a_row_for_each_model_in_text_and_in_html(desk, shop):
    models = desk.client.models()
    assert len(repr(models).splitlines()) == 6
    assert models._repr_html_().count("<tr>") == 6


def test_a_list_of_150_models_comes_from_the_cache_alone(desk, shop):
    """How quick that is, is measured by ``benchmarks/bench_models.py``."""
    shop.rows += [catalogue_row(f"maker/many-{index}") for index in range(150)]
    desk.client.models()
    client, _ = desk.another()
    shop.asked.clear()
    assert len(client.models()) == 155
    assert shop.asked == []


# -- one model ---------------------------------------------------------------------------------------------


def test_the_first_use_of_a_model_reads_its_row_and_its_schema_and_no_more(desk, shop):
    job = desk.client.submit("A lighthouse", model="maker/one", seed="7")
    assert json.loads(desk.posts[0].body) == {"model": "maker/one", "prompt": "A lighthouse", "seed": 7}
    assert [path for path, _ in shop.asked] == ["/v1/models", "/docs-json"]
    assert asked(shop, "/v1/models") == [{"id": ["maker/one"], "include": ["all"]}]
    assert len(desk.background) == 1  # the rest of the catalogue
    assert job.request.spec.parameter("seed").maximum == 9


def test_a_built_in_model_asks_nothing_of_the_catalogue(desk, shop):
    desk.client.submit("A lighthouse")
    assert shop.asked == []
    assert desk.background == []


def test_a_model_is_found_by_id_and_alias_in_any_case(desk, shop):
    shop.rows[0]["aliases"] = ["Number-One"]
    for name in ("maker/one", " MAKER/One ", "number-one", "NUMBER-ONE"):
        assert desk.client.model(name).id == "maker/one"
    desk.client.models()
    assert desk.client.model("number-ONE").id == "maker/one"
    assert desk.client.model("LTXV-2").id == "ltxv/ltxv-2"


def test_an_alias_goes_out_as_the_id(desk, shop):
    shop.rows[0]["aliases"] = ["number-one"]
    desk.client.submit("A lighthouse", model="number-one")
    assert json.loads(desk.posts[0].body)["model"] == "maker/one"


def test_an_alias_of_two_models_is_refused_with_their_ids(desk, shop):
    for row in shop.rows[:2]:
        row["aliases"] = ["best"]
    desk.client.models()
    with pytest.raises(
        UnknownModel, match=r"'best' is the name of maker/one and of maker/two: give the id of one\."
    ):
        desk.client.submit("A lighthouse", model="best")
    assert desk.posts == []


def test_a_mistyped_model_brings_those_that_may_be_meant_and_nothing_is_sent(desk, shop):
    for call in (desk.client.model, lambda name: desk.client.submit("A lighthouse", model=name)):
        with pytest.raises(
            UnknownModel, match=r"There is no model 'maker/on'\. Did you mean .*maker/one"
        ) as caught:
            call("maker/on")
        assert isinstance(caught.value, (NotFoundError, RequestError))
    assert desk.posts == []


def test_an_unknown_model_passes_as_it_is_only_where_no_catalogue_can_be_had(desk, shop):
    shop.broken = reply(503, {"message": "down"})
    desk.client.submit("A lighthouse", model="maker/one", style="ink")
    assert json.loads(desk.posts[0].body) == {"model": "maker/one", "prompt": "A lighthouse", "style": "ink"}
    with pytest.raises(UnknownModel, match="cannot be read"):
        desk.client.model("maker/one")
    shop.broken = None
    desk.client.models()
    shop.broken = reply(503, {"message": "down"})
    with pytest.raises(UnknownModel, match="There is no model 'maker/nine'"):
        desk.client.submit("A lighthouse", model="maker/nine")
    assert len(desk.posts) == 1


@pytest.mark.parametrize(
    "schema", ["<html>", [], {"type": "object"}, {"properties": {}}, {"paths": {}}, None], ids=str
)
def test_a_schema_that_cannot_be_read_lets_the_usual_parameters_pass_and_says_so(desk, shop, schema):
    shop.schemas["maker/one"] = schema
    model = desk.client.model("maker/one")
    assert "cannot be read" in model.note
    assert "\n" not in model.note
    desk.client.submit(
        "A boat", model="maker/one", image="https://example.test/a.png", duration=7, style="ink"
    )
    assert json.loads(desk.posts[0].body) == {
        "model": "maker/one",
        "prompt": "A boat",
        "image_url": "https://example.test/a.png",
        "duration": 7,
        "style": "ink",
    }


def test_a_schema_of_50_megabytes_is_not_read(desk, shop):
    shop.schemas["maker/one"] = {"properties": {"seed": {"type": "integer", "description": "x" * (50 << 20)}}}
    assert "cannot be read" in desk.client.model("maker/one").note


def test_a_schema_is_only_read_from_the_service_itself(desk, shop):
    hostile = [
        "https://evil.example/docs-json?model=x",
        "file:///etc/passwd",
        f"{ORIGIN}@evil.example/x",
        7,
        "\n",
    ]
    for address in [
        *hostile,
        f"https://user:pw@{ORIGIN.partition('://')[2]}/docs-json",
        f"{ORIGIN}:99999999/x",
        None,
    ]:
        shop.rows[0]["info"]["docsJson"] = address
        client, rig = desk.another(home=desk.folder / str(hash(address)))
        assert client.model("maker/one").parameter("seed").maximum == 9
        assert all(sent.url.startswith(f"{ORIGIN}/") for sent in rig.wire.sent)


def test_a_schema_that_redirects_elsewhere_is_not_followed(desk, shop):
    desk.client.models()
    shop.broken = reply(302, body=b"", headers={"Location": "https://evil.example/schema"})
    assert "cannot be read" in desk.client.model("maker/one").note
    assert all(sent.url.startswith(f"{ORIGIN}/") for sent in desk.rig.wire.sent)


def test_offline_a_model_that_was_used_before_is_checked_as_before(desk, shop):
    desk.client.submit("A lighthouse", model="maker/one", seed=7)
    desk.background.pop()()
    shop.broken = ConnectionError()
    client, _ = desk.another()
    with pytest.raises(RequestError, match="seed is 70, but it can be a whole number from 0 to 9"):
        client.submit("A lighthouse", model="maker/one", seed=70)


def test_a_model_that_was_used_before_any_catalogue_was_read_is_known_offline(desk, shop):
    desk.client.submit("A lighthouse", model="maker/one", seed=7)
    shop.broken = ConnectionError()
    client, _ = desk.another()
    assert client.model("maker/one").parameter("seed").maximum == 9


def test_a_schema_of_yesterday_is_used_and_renewed_in_the_background(desk, shop):
    desk.client.models()
    assert desk.client.model("maker/one").parameter("seed").maximum == 9
    shop.schemas["maker/one"] = {"properties": {"seed": {**SEED, "maximum": 5}}}
    desk.clock.advance(FRESH_SECONDS + 1)
    client, _ = desk.another()
    assert client.model("maker/one").parameter("seed").maximum == 9
    for work in list(desk.background):
        work()
    assert client.model("maker/one").parameter("seed").maximum == 5


def test_models_are_plain_data_whether_their_schema_was_read_or_not(desk, shop):
    for model in desk.client.models():
        copy = pickle.loads(pickle.dumps(model))
        assert copy == model
        assert copy.parameters == model.parameters
        assert hash(copy) == hash(model)


# -- models that are gone ----------------------------------------------------------------------------------


def test_a_model_that_the_service_refuses_as_not_found_brings_the_nearest(desk, shop):
    for row, usd in zip(shop.rows[1:], (0.06, 0.5, 0.5, 0.5), strict=True):
        row["pricing"]["units"] = [{"measure": "second", "price": usd, "per": 1}]
    desk.service.on_post.append(reply(404, {"message": "gone"}))
    with pytest.raises(NotFoundError) as caught:
        desk.client.submit("A lighthouse", model="maker/one")
    message = str(caught.value)
    assert "The nearest are maker/two ($0.06 a second)" in message
    assert "run the cell as `%%ltxv -m maker/two`" in message
    assert "maker/one ($" not in message
    assert message.count("\n") == 0


@pytest.mark.usefixtures("shop")
def test_a_catalogue_that_fails_never_hides_that_the_request_was_refused(desk, monkeypatch):
    def fail(*_args, **_options):
        raise RuntimeError("a mistake of our own")

    monkeypatch.setattr("ltxv_nb.models.catalogue.Catalogue.refresh", fail)
    desk.service.on_post.append(reply(404, {"message": "gone"}))
    with pytest.raises(NotFoundError, match="The nearest are ltxv-2-fast"):
        desk.client.submit("A lighthouse", model="ltxv-2")
    assert [job.record.state for job in desk.client.jobs()] == ["refused"]
    assert len(desk.posts) == 1


def test_a_built_in_model_that_the_catalogue_has_dropped_is_refused_with_the_nearest(desk, shop):
    del shop.rows[3]
    desk.client.models()
    with pytest.raises(UnknownModel) as caught:
        desk.client.submit("A lighthouse", model="ltxv-2")
    assert "ltxv-2 is not in the service's catalogue any more (since 2026-09-21 or earlier)." in str(
        caught.value
    )
    assert "Nothing was sent." in str(caught.value)
    assert desk.posts == []
    assert desk.client.model("ltxv-2").missing_since == desk.clock.time()
    desk.client.submit("A lighthouse", model="ltxv-2-fast")


def test_since_when_a_model_is_missing_is_remembered_and_forgotten_when_it_is_back(desk, shop):
    gone = shop.rows.pop(0)
    desk.client.models()
    first = desk.clock.time()
    shop.rows.pop(0)
    desk.clock.advance(FRESH_SECONDS)
    desk.client.models(refresh=True)
    client, _ = desk.another()
    with pytest.raises(UnknownModel, match="maker/two is not in the service's catalogue any more"):
        client.model("maker/two")
    shop.rows.append(gone)
    desk.client.models(refresh=True)
    assert desk.client.model("maker/one").missing_since is None
    assert desk.clock.time() > first


def test_a_model_that_is_missing_from_the_list_but_lives_is_used(desk, shop):
    row = shop.rows.pop(3)
    desk.client.models()
    shop.rows.append(row)  # the list is a day old; the service says that the model lives
    desk.client.submit("A lighthouse", model="ltxv-2")
    assert len(desk.posts) == 1


def test_an_alias_is_alive_even_if_its_id_has_moved(desk, shop):
    shop.rows[3] = catalogue_row("lightricks/ltx-2", aliases=["ltxv/ltxv-2", "ltxv-2"])
    desk.client.models()
    assert desk.client.model("ltxv-2").id == "ltxv/ltxv-2"
    desk.client.submit("A lighthouse", model="ltxv-2")
    assert json.loads(desk.posts[0].body)["model"] == "ltxv/ltxv-2"


# -- the files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"version": 1}', b"\xff\xfe", b'{"version": 99, "data": []}', b"[" * 100_000],
)
def test_a_damaged_cache_is_read_anew(desk, shop, content):
    desk.client.models()
    (file,) = (desk.folder / "home" / "models").rglob("catalogue.json")
    file.write_bytes(content)
    client, _ = desk.another()
    assert len(client.models()) == 5
    assert len(asked(shop, "/v1/models")) == 2


def test_a_cache_that_somebody_else_wrote_is_checked(tmp_path):
    cache = Cache(tmp_path, ORIGIN)
    cache.write_catalogue(
        {"data": [7, {"id": "a\nb"}, {"id": "good"}], "etag": 3, "metrics": [], "missing": []}, missing=False
    )
    kept = cache.read_catalogue()
    assert [row["id"] for row in listing.usable_rows(kept)] == ["good"]
    assert Cache(tmp_path, "https://elsewhere.example").read_catalogue() is None


def test_a_home_that_cannot_be_written_costs_nothing_but_time(desk, shop, monkeypatch):
    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("ltxv_nb.models.cache.write_whole", refuse)
    assert len(desk.client.models()) == 5
    assert desk.client.model("maker/one").parameter("seed")


# -- requests ----------------------------------------------------------------------------------------------


def test_a_request_that_was_made_before_its_model_was_known_is_checked_when_it_is_submitted(desk, shop):
    from ltxv_nb.request import GenerationRequest

    request = GenerationRequest("A lighthouse", "maker/one", extra={"seed": "70"})
    with pytest.raises(RequestError, match="seed is '70'"):
        desk.client.submit_request(request)
    assert desk.posts == []
    assert desk.client.check(request.replace(seed="7")) == {
        "model": "maker/one",
        "prompt": "A lighthouse",
        "seed": 7,
    }


def test_a_job_of_another_model_is_rebuilt_and_its_duplicate_refused(desk, shop):
    job = desk.client.submit("A lighthouse", model="maker/one", seed=7)
    assert job.request.body() == {"model": "maker/one", "prompt": "A lighthouse", "seed": 7}
    with pytest.raises(DuplicateRequest):
        desk.client.submit("A lighthouse", model="maker/one", seed=7)
    del shop.schemas["maker/one"]
    client, _ = desk.another()
    rebuilt = client.job(job.id).request
    assert rebuilt.extra == {"seed": 7}
    assert rebuilt.model == "maker/one"
