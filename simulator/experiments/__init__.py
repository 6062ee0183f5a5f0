"""Many runs of the model: run folders, ensembles and paired comparisons.

`runs.run` turns a scenario into a run folder, `store.open_run` reads one back, and
`comparison.compare` sets several beside each other with the same draws.
"""
