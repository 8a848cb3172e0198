"""What the command's verbs print, as text or JSON. Knows no arguments."""
