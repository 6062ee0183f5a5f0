"""Things that know nothing of firms: units, calendar, tables, randomness, mathematics."""
