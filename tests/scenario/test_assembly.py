"""The tables by which an effect is found dead name only what there is."""

from typing import get_args

from simulator.policy.effects import lever_tables
from simulator.registry import load_library
from simulator.scenario import MECHANISMS, assembly
from simulator.scenario.entries import BudgetRule

LIBRARY = load_library()
CHANNELS = {effect.channel for effect in lever_tables(LIBRARY).effects}


def test_channels_parameters_and_switches_are_those_of_the_model() -> None:
    assert set(assembly._CHANNEL_SWITCHES) <= CHANNELS
    assert set(assembly._CHANNEL_PARAMETERS) | {*assembly._MOVES_FIRMS} <= CHANNELS
    assert set(assembly._WITHOUT_FIRMS) <= CHANNELS
    for switches in (
        *assembly._CHANNEL_SWITCHES.values(),
        *assembly._READERS.values(),
        *assembly._PARAMETER_SWITCHES.values(),
    ):
        assert switches and set(switches) <= set(MECHANISMS)
    for parameters in (*assembly._CHANNEL_PARAMETERS.values(), assembly.STATED_BY_LIST):
        assert parameters and set(parameters) <= set(LIBRARY.priors)
    assert {assembly.RULED, *assembly._PARAMETER_SWITCHES} <= set(LIBRARY.priors)
    assert set(assembly._READERS) <= {prior.mechanism for prior in LIBRARY.priors.values()}
    assert assembly.DEFAULT_RULE in get_args(BudgetRule)


def test_whatever_a_parameter_is_not_used_for_has_words() -> None:
    uses = {prior.use for prior in LIBRARY.priors.values()} - {"model"}
    assert uses <= set(assembly._USES)
    assert all(zh != en and zh and en for en, zh in assembly._USES.values())
