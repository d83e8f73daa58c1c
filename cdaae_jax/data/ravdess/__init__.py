"""RAVDESS as a TFDS data set; `ravdess_dataset_builder` holds the builder."""
