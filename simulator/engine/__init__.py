"""The loops that apply the equations to the columns: one compiled, one plain numpy, bit for bit equal."""
