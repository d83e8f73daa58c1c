"""Training: the loop, the step that is mapped over devices, the losses, and what a run shows and writes."""
