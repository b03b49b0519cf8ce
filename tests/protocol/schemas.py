"""The wire protocol in the project's own words, as JSON Schemas: what we send, and what a service may answer."""

from __future__ import annotations


def _object(required, **properties):
    return {"type": "object", "required": required.split(), "properties": properties}


_TEXT = {"type": "string", "minLength": 1}
_MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}
_WEB = {"type": "string", "pattern": r"^https?://"}
_AMOUNT = {"type": "number", "minimum": 0}

#: The body of a submission to one of the two models; nothing but these fields is ever sent to them.
SUBMISSION = {
    **_object(
        "model prompt",
        model={"enum": ["ltxv/ltxv-2", "ltxv/ltxv-2-fast"]},
        prompt={"type": "string", "pattern": r"\S"},
        image_url={"type": "string", "pattern": r"^(https?://|data:image/[a-z+.-]+;base64,)"},
        duration={"enum": [6, 8, 10]},
        resolution={"enum": ["1080p", "1440p", "2160p"]},
        aspect_ratio={"enum": ["16:9"]},
        fps={"enum": [25, 50]},
        generate_audio={"type": "boolean"},
    ),
    "additionalProperties": False,
}

_META = _object("usage", usage=_object("credits_used", credits_used=_AMOUNT))

#: The answer to a submission.
ACCEPTED = _object("id status", id=_TEXT, status={"const": "queued"}, meta=_META)

_STATES = {
    "pending": _object("id status", id=_TEXT, status={"enum": ["queued", "generating"]}),
    "completed": _object(
        "id status video",
        id=_TEXT,
        status={"const": "completed"},
        video=_object("url", url=_WEB, duration={"type": "number", "exclusiveMinimum": 0}),
        meta=_META,
    ),
    "error": _object(
        "id status error",
        id=_TEXT,
        status={"const": "error"},
        error=_object("name message", name=_TEXT, message=_TEXT),
    ),
}

#: The answer to a poll: exactly one of the states.
POLL = {"oneOf": list(_STATES.values())}
PENDING, COMPLETED, FAILED = _STATES["pending"], _STATES["completed"], _STATES["error"]

#: Any refusal.
ERROR = _object(
    "message path requestId statusCode timestamp",
    message=_TEXT,
    path={"type": "string", "pattern": "^/"},
    requestId=_TEXT,
    statusCode={"type": "integer", "minimum": 400, "maximum": 599},
    timestamp=_MOMENT,
)

BILLING = _object("current_balance currency", current_balance={"type": "number"}, currency={"const": "USD"})

_LOG_ROW = _object(
    "created status origin model cost tokens request_id inference_id client_request_id",
    created=_MOMENT,
    status={"enum": ["succeeded", "failed"]},
    origin={"enum": ["api", "playground"]},
    model=_TEXT,
    cost=_object("usd credits", usd=_AMOUNT, credits={"type": "integer"}),
    tokens=_object(
        "input output total", input={"type": "integer"}, output={"type": "integer"}, total={"type": "integer"}
    ),
    request_id={"type": ["string", "null"]},
    inference_id=_TEXT,
    client_request_id={"type": ["string", "null"], "pattern": r"^[A-Za-z0-9._:-]{1,128}$"},
)
LOGS = _object(
    "data pagination",
    data={"type": "array", "items": _LOG_ROW},
    pagination=_object(
        "limit offset total has_more",
        limit={"type": "integer", "minimum": 1, "maximum": 100},
        offset={"type": "integer", "minimum": 0},
        total={"type": "integer", "minimum": 0},
        has_more={"type": "boolean"},
    ),
)

MODELS = _object(
    "object data",
    object={"const": "list"},
    data={
        "type": "array",
        "items": _object(
            "id aliases type info tags",
            id=_TEXT,
            aliases={"type": "array", "items": _TEXT},
            type=_TEXT,
            info=_object("name developer", name=_TEXT, developer=_TEXT),
            tags={"type": "array", "items": _TEXT},
            pricing=_object(
                "kind",
                kind={"enum": ["fixed", "variants", "variable"]},
                units={"type": "array", "items": _object("price per", price=_AMOUNT)},
            ),
        ),
    },
)

_SPREAD = _object("p50 p75 p90 p99", p50=_AMOUNT, p75=_AMOUNT, p90=_AMOUNT, p99=_AMOUNT)
METRICS = _object(
    "window_seconds generated_at models",
    window_seconds={"type": "integer", "minimum": 1},
    generated_at=_MOMENT,
    models={
        "type": "array",
        "items": _object(
            "alias endpoint metrics", alias=_TEXT, endpoint=_TEXT, metrics=_object("", duration_ms=_SPREAD)
        ),
    },
)
