"""The HTTP side of the books: one class for each endpoint."""

from __future__ import annotations

from ltxv_nb.sandbox.server import billing
from ltxv_nb.sandbox.server.base import BaseHandler


class BalanceHandler(BaseHandler):
    """``/v2/billing``: what the account holds, in play money."""

    def get(self) -> None:
        """Answer with the balance."""
        now = self.context.generations.settle()
        self.finish(billing.balance(self.context.generations.store.books, now))


class BalanceDetailHandler(BaseHandler):
    """``/v2/billing/detail``: the balance, and whether it is topped up by itself."""

    def get(self) -> None:
        """Answer with both."""
        now = self.context.generations.settle()
        self.finish(billing.balance_detail(self.context.generations.store.books, now))


class TransactionsHandler(BaseHandler):
    """``/v2/billing/transactions``: every movement of money."""

    def get(self) -> None:
        """Answer with a page."""
        now = self.context.generations.settle()
        self.finish(billing.transactions(self.query(), self.context.generations.store.books, now))


class UsageHandler(BaseHandler):
    """``/v2/usage``: what was charged in a window."""

    def get(self) -> None:
        """Answer with the total."""
        now, books = self.context.generations.settle(), self.context.generations.store.books
        self.finish(billing.usage(self.query(), books, self.context.token, now))


class UsageDetailHandler(BaseHandler):
    """``/v2/usage/detail``: what was charged in a window, by model and by day."""

    def get(self) -> None:
        """Answer with the groups."""
        now, books = self.context.generations.settle(), self.context.generations.store.books
        self.finish(billing.usage_detail(self.query(), books, self.context.token, now))
