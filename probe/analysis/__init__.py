"""The measures of the method on the table of readings: numpy and scipy only. No prompts, no torch."""
