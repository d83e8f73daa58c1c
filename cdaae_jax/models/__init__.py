"""The networks: layers, encoder, difference decoder, discriminators, and the registry that joins them by name."""
