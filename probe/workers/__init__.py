"""Units of a study on several workers: on the cards of a machine, a Ray cluster or Slurm. Scheduling is theirs."""
