"""The Face Research Lab London Set as a TFDS data set; `frl_london_dataset_builder` holds the builder."""
