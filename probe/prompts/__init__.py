"""From an item and a variant to token ids and label forms. No weights, no statistics."""
