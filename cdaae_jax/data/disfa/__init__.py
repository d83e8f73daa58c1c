"""DISFA as a TFDS data set; `disfa_dataset_builder` holds the builder."""
