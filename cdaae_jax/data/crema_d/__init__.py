"""CREMA-D as a TFDS data set; `crema_d_dataset_builder` holds the builder."""
