"""A simulator for asking times; the documented import path of `ltxv_nb.polling.simulate`."""

from ltxv_nb.polling.simulate import (
    LATENCY,
    PEERS,
    Peer,
    Policy,
    Result,
    at_ages,
    every,
    informed,
    lognormal,
    noticed,
    optimum,
    percentiles,
    simulate,
)

__all__ = [
    "LATENCY",
    "PEERS",
    "Peer",
    "Policy",
    "Result",
    "at_ages",
    "every",
    "informed",
    "lognormal",
    "noticed",
    "optimum",
    "percentiles",
    "simulate",
]
