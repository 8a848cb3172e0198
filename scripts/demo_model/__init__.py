"""How the embedded model is made: the demo study's cells, their planted values, a vocabulary, a training loop."""
