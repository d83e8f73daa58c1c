"""What `cdaae-export` writes: a trained generator as weights with a model card, or as programs that run without us."""
