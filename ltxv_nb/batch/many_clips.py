"""What a client does with many clips: a part of `Client`, which is its only subclass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ltxv_nb.interrupts import NOTHING_LOST, explained

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ltxv_nb.batch import Batch
    from ltxv_nb.batch.listing import BatchList
    from ltxv_nb.client import Client


class ManyClips:
    """Sweeps and batches."""

    @explained(NOTHING_LOST)
    def sweep(
        self,
        prompt: str | list[str] = "",
        takes: int = 1,
        name: str | None = None,
        max_usd: float | None = None,
        dry_run: bool = False,
        **axes_and_parameters: Any,
    ) -> Any:
        """Make a clip for each combination of values; or only plan that.

        A list is an axis, anything else is the same for all clips. What the prompt names as ``{hour}`` fills
        it, everything else is a parameter of the model, or the model. The same sweep run again makes only
        what is missing, and buys no clip twice.

        Parameters
        ----------
        prompt : str or list of str
            With ``{names}`` of axes; ``{{`` and ``}}`` are braces of the text itself.
        takes : int
            How many clips of each combination, 1 to 100.
        name : str, optional
            What the batch is called. The same sweep under another name is another batch.
        max_usd : float, optional
            What the batch may cost at most in all, in USD: the sending stops there. Where nobody knows what a
            clip costs, its share of this is reserved.
        dry_run : bool
            Whether to send nothing, and return the plan.
        **axes_and_parameters
            As for `submit`; each can be a list.

        Returns
        -------
        Batch or Plan
            The clips are sent in the background, a few at a time.

        Raises
        ------
        RequestError
            An axis or a value is not allowed; nothing was sent.
        BudgetExceeded
            Not even the first clip may be sent.
        ConfigurationError
            The journal or the output folder cannot be written; nothing was sent.
        """
        from ltxv_nb.batch.planning import plan_of_sweep

        how: dict[str, Any] = {"takes": takes, "name": name, "max_usd": max_usd}
        plan = plan_of_sweep(cast("Client", self), prompt, axes_and_parameters, **how)
        return plan if dry_run else plan.submit()

    @explained(NOTHING_LOST)
    def submit_many(
        self, requests: Iterable[Any], name: str | None = None, max_usd: float | None = None
    ) -> Batch:
        """Submit many requests as one batch; see `sweep`.

        Parameters
        ----------
        requests : iterable of GenerationRequest, str or dict
            Requests, prompts, or parameters. The same one again is another take of it.
        name, max_usd
            As for `sweep`. More requests under the same name make the same batch larger.

        Raises
        ------
        RequestError
            One of them is not allowed; nothing was sent. Others as for `sweep`.
        """
        from ltxv_nb.batch.planning import plan_of_requests

        return plan_of_requests(cast("Client", self), requests, name=name, max_usd=max_usd).submit()

    @explained(NOTHING_LOST)
    def batch(self, id_or_name: str) -> Batch:
        """Return a batch by its id, or the newest of a name. Nothing is sent.

        Raises
        ------
        RequestError
            There is none.
        """
        from ltxv_nb.batch.begin import find_batch

        return find_batch(cast("Client", self), id_or_name)

    @explained(NOTHING_LOST)
    def batches(self) -> BatchList:
        """Return all batches, newest first; shows itself as a table."""
        from ltxv_nb.batch.listing import all_batches

        return all_batches(cast("Client", self))
