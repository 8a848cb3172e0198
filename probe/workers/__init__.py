"""Chunks of a study on several workers: on the GPUs of a machine, a Ray cluster or Slurm. Scheduling is theirs."""
