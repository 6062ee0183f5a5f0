"""The equations, one file a mechanism, each opening with its numbered equations."""
