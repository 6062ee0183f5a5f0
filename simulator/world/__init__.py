"""What exists: firms as columns, places, and how they are founded. No behaviour."""
