"""Trade-offs, items, format axes, designs and models: what users write, read and checked. No tokens, no torch."""
