"""The same networks and the same training step, written for each library as its users write them."""
