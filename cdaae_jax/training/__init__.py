"""Training: the loop, the step it maps over devices, the losses, and what a run shows and leaves behind."""
