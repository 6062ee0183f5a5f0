"""What the engine is held against: the same quarter written in other ways. Frozen, never made faster.

Every yardstick has the stages of `simulator.engine.plain` under the same names and in the same order. With addressed
draws it gives the engine's totals (a test holds it to that); with a stream of its own it is timed as people would write
it. A new stage of the engine is one function here in each file, and one line in its `STAGES`.
"""
