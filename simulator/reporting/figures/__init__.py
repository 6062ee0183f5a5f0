"""The figures: pure functions from stored results to matplotlib figures, one file for each kind of picture.

The title says the finding, the line under it says what is drawn, the foot says where it comes from and what may be
believed of it; labels step aside where they would touch. One scenario keeps one colour everywhere, the baseline is
grey, targets are red.

Pictures of runs, imported here; `simulate plot` draws them by name, `compare` the overlay, `validate` the shapes:

    fans         fan, overlay             a series over time; several scenarios and their paired differences
    scorecards   scorecard                every target with its probability
    ranges       chains, districts        the first and the last year in rows, with the ranges of the members
    tiles        district_map             the districts on a schematic map
    cross        cross                    districts against chains
    accounts     money                    budgets by kind and year, and the accounts at the end
    flows        flow                     money from fund to firm
    firms        firm_sizes, firm_shapes  how many of each size; how growth and sizes are distributed
    counted      pipelines                projects planned, delivered and under way

Pictures of studies, called from their files by the commands on the right:

    calibration  learned, forecasts       calibrate, backtest
                 warning, decided         warn, decides
    decisions    attribution, frontier    attribute, reach
                 across, robust           conditions, robust
    factors      ranking, response, box   sensitivity, sweep, discover

They stand on three others: page (the sheet with title and foot, texts, marks, colours, `save`), scales (ticks, rules
and bands of a chart) and rows (names and bars in rows). A new figure is one function in the file of its kind and one
word in these tables.
"""

from simulator.reporting.figures.accounts import money
from simulator.reporting.figures.counted import pipelines
from simulator.reporting.figures.cross import cross
from simulator.reporting.figures.fans import fan, overlay
from simulator.reporting.figures.firms import firm_shapes, firm_sizes
from simulator.reporting.figures.flows import flow
from simulator.reporting.figures.page import save
from simulator.reporting.figures.ranges import chains, districts
from simulator.reporting.figures.scorecards import scorecard
from simulator.reporting.figures.tiles import district_map

__all__ = [
    "chains",
    "cross",
    "district_map",
    "districts",
    "fan",
    "firm_shapes",
    "firm_sizes",
    "flow",
    "money",
    "overlay",
    "pipelines",
    "save",
    "scorecard",
]
