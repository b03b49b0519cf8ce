"""Beginning a batch, going on with one, and finding one: what stands between a plan and the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltxv_nb.batch.cells import is_missing, kept
from ltxv_nb.batch.identity import same_batch
from ltxv_nb.batch.prices import prices_of
from ltxv_nb.credits import CREDITS_PER_USD, in_dollars
from ltxv_nb.engine.prepare import prepare
from ltxv_nb.engine.save import check_folder
from ltxv_nb.errors import BudgetExceeded, ConfigurationError, RequestError
from ltxv_nb.journal import first_frames, new_id
from ltxv_nb.journal.record import Batch as KeptBatch
from ltxv_nb.settings import service_name
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from ltxv_nb.batch.batch import Batch
    from ltxv_nb.batch.cells import Cell
    from ltxv_nb.batch.plan import Plan
    from ltxv_nb.client import Client
    from ltxv_nb.journal.rows import Rows
    from ltxv_nb.request import GenerationRequest


def begin(plan: Plan) -> Batch:
    """Write a plan into the journal, and send what is missing; see `Plan.submit`."""
    client = plan.client
    plan.refresh()
    if plan.missing_cells:
        check_folder(client.output_dir)
        _check_first(client, plan.missing_cells, plan.max_credits, plan.batch_id)
    rows = _written(plan)
    found = client.journal.transact(lambda journal: _put(journal, plan, rows))
    plan.batch_id = found.id
    batch = client.shared_batch(found)
    batch.take_plan(found, plan.cells)
    plan.cells = batch.cells
    batch.take_up()
    batch.send(plan.max_credits)
    return batch


def send_missing(batch: Batch, most: int | None) -> None:
    """Send what is missing of a batch that the journal has."""
    client = batch.client
    if service_name(batch.kept.origin) != client.origin:
        raise ConfigurationError(
            f"Batch {batch.id} belongs to {batch.kept.origin}, and this client uses {client.origin}; nothing "
            f"was sent."
        )
    missing = [cell for cell in batch.cells if is_missing(cell)]
    if missing:
        check_folder(client.output_dir)
        _check_first(client, missing, most, batch.id)
    batch.send(most)


def find_batch(client: Client, id_or_name: str) -> Batch:
    """Return a batch by its id, or the newest of a name; see `Client.batch`."""
    wanted = id_or_name.strip() if isinstance(id_or_name, str) else ""
    if not wanted:
        raise RequestError(f"The batch is {id_or_name!r}, but it can be called by its id or its name.")
    kept_batch = client.journal.query(lambda rows: rows.batch(wanted) or _named(rows, client, wanted), None)
    if kept_batch is None:
        raise RequestError(
            f"There is no batch {one_line(wanted, 80)!r} in the journal: client.batches() lists them."
        )
    return client.shared_batch(kept_batch)


def _named(rows: Rows, client: Client, name: str) -> KeptBatch | None:
    return next((one for one in rows.batches(client.backend) if one.name == name), None)


def _put(rows: Rows, plan: Plan, written: list[dict[str, Any]]) -> KeptBatch:
    """Write the batch of a plan; what earlier plans have made stays in it. One transaction."""
    client = plan.client
    found = same_batch(rows.batches_of(plan.digest), plan.name)
    axes: dict[str, list[Any]] = {name: list(values) for name, values in plan.axes.items()}
    if found is not None:
        keys = {row["key"] for row in written}
        earlier = [
            row
            for row in rows.plan(found.id)
            if row["key"] not in keys and rows.of_cell(found.id, row["key"]) is not None
        ]
        written = [*written, *earlier]
        for row in earlier:
            for name, value in row["values"].items():
                if name in axes and value not in axes[name]:
                    axes[name].append(value)
    batch = KeptBatch(
        id=new_id() if found is None else found.id,
        name=plan.name if found is None or plan.name is not None else found.name,
        digest=plan.digest,
        created_at=client.journal.now() if found is None else found.created_at,
        backend=client.backend,
        origin=client.origin,
        total=len(written),
        axes=axes,
    )
    rows.put_batch(batch, written)
    return batch._replace(axes=plan.axes)


def _written(plan: Plan) -> list[dict[str, Any]]:
    """Return the cells as the journal keeps them; files are copied, and what is sent are the copies."""
    client, ready = plan.client, plan.files
    asked: dict[int, dict[str, Any]] = {}

    def asked_for(request: GenerationRequest) -> dict[str, Any]:
        if id(request) not in asked:
            files = (
                first_frames.store_all(prepare(request, ready).files, client.home) if request.files() else {}
            )
            asked[id(request)] = {"prompt": request.prompt, **request.settings(), **files}
        return asked[id(request)]

    rows = kept(plan.cells, asked_for)
    for cell, row in zip(plan.cells, rows, strict=True):
        if cell.request.files():
            cell.request = cell.request.replace(**_copies(cell.request, row["request"], client))
    return rows


def _copies(request: GenerationRequest, asked: dict[str, Any], client: Client) -> dict[str, Any]:
    """Return the files of a request as the journal keeps them."""
    given = first_frames.sources(asked, client.home)
    return {name: given[name] for name in request.files()}


def _check_first(client: Client, missing: list[Cell], most: int | None, batch_id: str | None) -> None:
    """Raise `BudgetExceeded` where not even the first clip may be sent."""
    [price] = prices_of(client, missing[:1])
    budget = client.budget
    left = None if budget is None else max(0, budget.left_credits)
    if most is not None:
        counted = client.journal.counted_of_batch(batch_id) if batch_id else 0
        own = max(0, most - counted)
        if price is not None and price.credits > own:
            raise BudgetExceeded(
                f"The first of {_clips(len(missing))} may cost up to {in_dollars(price.credits)}, and "
                f"{in_dollars(own)} of the {in_dollars(most)} that this batch may cost is left; nothing was "
                f"sent. Set a higher `--max-usd` (in Python max_usd=).",
                price,
                own / CREDITS_PER_USD,
            )
    if left is not None and price is not None and price.credits > left:
        raise BudgetExceeded(
            f"The first of {_clips(len(missing))} may cost up to {in_dollars(price.credits)}, and "
            f"{in_dollars(left)} of the budget is left; nothing was sent. %ltxv budget shows it.",
            price,
            left / CREDITS_PER_USD,
        )


def _clips(number: int) -> str:
    return "1 clip" if number == 1 else f"{number:,} clips"
