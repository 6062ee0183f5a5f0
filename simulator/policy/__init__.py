"""Levers: what they are assumed to do, and the channels they act through."""
