"""The run folder: readings, prompts, manifest. Does not know how a reading is made."""
